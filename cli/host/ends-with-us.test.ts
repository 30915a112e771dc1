import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
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
