import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readCounts } from './counts.ts'

const PROGRAMS = ['shards', 'collections', 'cost', 'directory'] as const

const run = (program: string, ...args: string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, `${program}.ts`), ...args], {
    encoding: 'utf8',
  })

test.for(PROGRAMS)('bench:%s says by --help what it does, and does nothing', (program) => {
  const { status, stdout, stderr } = run(program, '--help')
  expect(stdout).toContain(`USAGE npm run bench:${program}`)
  expect(stderr).not.toContain('making')
  expect(status).toBe(0)
})

test.for(PROGRAMS)('bench:%s refuses what it does not know, in words, with 2', (program) => {
  const { status, stdout, stderr } = run(program, '--colour', 'blue')
  expect(stderr).toMatch(/^Unknown option '--colour'/m)
  expect(stderr).toContain(`USAGE npm run bench:${program}`)
  expect(stderr).not.toContain('    at ')
  expect(stdout).toBe('')
  expect(status).toBe(2)
})

test('what is no count is refused, in words, with 2', () => {
  const { status, stderr } = run('shards', '--shards', '1,many')
  expect(stderr).toContain('--shards takes counts, not 1,many')
  expect(status).toBe(2)
})

test('counts are those that are given, and those of the default otherwise', () => {
  const options = {
    shards: { about: 'objects', unless: '1,2,4' },
    rate: { about: 'events per second', unless: '0' },
  }
  expect(readCounts('', '', options, ['--shards=8,16'])).toEqual({ shards: [8, 16], rate: [0] })
  expect(readCounts('', '', options, ['--rate', '2000'])).toEqual({
    shards: [1, 2, 4],
    rate: [2000],
  })
})
