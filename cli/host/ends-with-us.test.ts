import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { endingWithUs } from './ends-with-us.ts'

/** Starts a process that starts another one, and says its id. */
const STARTER = `
  const { spawn } = require('node:child_process')
  const [program, ...words] = [...JSON.parse(process.argv[1]), 'sleep', '1000']
  const child = spawn(program, words, { stdio: ['ignore', 'inherit', 'ignore'], detached: true })
  process.stdout.write(child.pid + '\\n')
  setInterval(() => undefined, 1000)
`

const nameOf = (pid: string) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim()

const childrenOf = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)

test.runIf(process.platform === 'linux')(
  'a process ends when the one that started it is killed',
  async () => {
    const before = await endingWithUs()
    expect(before, 'util-linux is on every Debian').not.toEqual([])
    const starter = spawn(process.execPath, ['-e', STARTER, JSON.stringify(before)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [pid] = (await once(createInterface({ input: starter.stdout }), 'line')) as [string]
    // It is the program itself, under the id that whoever started it knows.
    await expect.poll(() => nameOf(pid)).toBe('sleep')
    const ended = once(starter.stdout, 'close')
    starter.kill('SIGKILL')
    // It holds the output as well: so that is closed when both have ended.
    await ended
  },
)

/** Starts a process and ties it to itself; says its id, and that of what watches over it. */
const TIED = `
  import { spawn } from 'node:child_process'
  const { killWhenWeEnd } = await import(process.argv[1])
  const child = spawn('sleep', ['1000'], { stdio: ['ignore', 'inherit', 'ignore'], detached: true })
  killWhenWeEnd(child)
  child.once('exit', () => process.stdout.write('ended\\n'))
  process.stdout.write(child.pid + '\\n')
  setInterval(() => undefined, 1000)
`

const startTied = async () => {
  const module = join(import.meta.dirname, 'ends-with-us.ts')
  const words = ['--no-warnings', '--input-type=module', '-e', TIED, module]
  const starter = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: starter.stdout })
  const [pid] = (await once(lines, 'line')) as [string]
  return { starter, lines, pid: Number(pid) }
}

test('without setpriv, a shell sees to it', async () => {
  const { starter } = await startTied()
  const ended = once(starter.stdout, 'close')
  starter.kill('SIGKILL')
  // The one that was started holds the output as well.
  await ended
})

test.runIf(process.platform === 'linux')(
  'nothing watches over a process that has ended',
  async () => {
    const { starter, lines, pid } = await startTied()
    const ended = once(lines, 'line')
    const watching = () => childrenOf(starter.pid ?? 0)
    expect(watching()).toHaveLength(2)
    process.kill(pid, 'SIGKILL')
    await ended
    await expect.poll(watching).toEqual([])
    starter.kill('SIGKILL')
  },
)
