import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { cpuTime, memory, programOf, readCpuTime, tree, treeMemory } from './process.ts'

test('the CPU time of a process is what it took in user and in kernel mode', () => {
  const before = 'S 1 2 2 0 -1 4194560 4000 0 8 0'
  expect(readCpuTime(`4711 (a) (b c) ${before} 250 31 7 7 20 0`)).toBe(2810)
})

test('what has ended takes no more', () => {
  expect(readCpuTime('')).toBe(0)
})

test('what a process has started counts as its own', async () => {
  const busy = 'for(;;);'
  const shell = spawn('sh', ['-c', `"$0" -e '${busy}' & echo; wait`, process.execPath])
  try {
    await once(shell.stdout, 'data')
    const root = shell.pid ?? 0
    const started = performance.now()
    while (cpuTime(root) < 100) expect(performance.now() - started).toBeLessThan(20_000)
    const child = programOf(root, 'node')
    expect(tree(root)).toEqual([root, child])
    expect(treeMemory(root)).toBeGreaterThan(memory(root) + 20)
  } finally {
    for (const pid of tree(shell.pid ?? 0)) process.kill(pid, 'SIGKILL')
  }
})
