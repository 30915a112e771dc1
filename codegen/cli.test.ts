import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { guestBook, lexicon, listHandler, makeProject, put } from './testing/project.ts'

/** Runs the command line as a process of its own. */
function codegen(...args: string[]) {
  const cli = join(import.meta.dirname, 'cli.ts')
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

test('a run lists what changed and sums up, the next one is silent', () => {
  const root = makeProject({ ...guestBook, ...listHandler })
  const first = codegen('--root', root)
  expect(first.status).toBe(0)
  expect(first.stdout).toMatch(/^\+ src\/generated\/collections\.ts\n/)
  expect(first.stdout).toMatch(/13 files: 13 added \(4 lexicons, 2 methods, \d+\.\d\d s\)\n$/)
  for (let run = 0; run < 2; run++) {
    expect(codegen('--root', root)).toEqual({ status: 0, stdout: '', stderr: '' })
  }
  rmSync(join(root, 'src/generated/routes.ts'))
  expect(codegen('--check', '--root', root).stdout).toBe('+ src/generated/routes.ts\n')
  expect(codegen('--root', root).stdout).toMatch(/^\+ src\/generated\/routes\.ts\n1 file: 1 added/)
  const json = () => JSON.parse(codegen('--json', '--root', root).stdout)
  const nothing = { ok: true, changes: [], diagnostics: [] }
  expect([json(), json()]).toEqual([nothing, nothing])
})

test('--check exits 1 and lists the files while they differ', () => {
  const root = makeProject(guestBook)
  codegen('--root', root)
  expect(codegen('--check', '--root', root)).toEqual({ status: 0, stdout: '', stderr: '' })
  put(root, listHandler)
  const { status, stdout, stderr } = codegen('--check', '--root', root)
  expect(status).toBe(1)
  expect(stdout).toBe('~ src/generated/routes.ts\n~ src/generated/schemas.ts\n')
  expect(stderr).toBe('2 files out of date: run `npm run codegen`\n')
})

test('--json is for scripts', () => {
  const root = makeProject(guestBook)
  const result = JSON.parse(codegen('--check', '--json', '--root', root).stdout)
  expect(result.ok).toBe(false)
  expect(result.changes).toHaveLength(13)
  const { totals, methods } = JSON.parse(codegen('status', '--json', '--root', root).stdout)
  expect(totals['proxy → appview']).toBe(2)
  expect(methods).toEqual([
    { nsid: 'com.example.book.list', kind: 'query', to: 'proxy', service: 'appview', rule: null },
    {
      nsid: 'com.example.book.sign',
      kind: 'procedure',
      to: 'proxy',
      service: 'appview',
      rule: null,
    },
  ])
})

test('mistakes get sentences with places and exit 1, never a stack', () => {
  const root = makeProject({
    ...guestBook,
    ...lexicon('com.example.bad', { main: { type: 'objct' } }),
  })
  for (const args of [[], ['--check'], ['status'], ['new', 'com.example.book.list']]) {
    const { status, stderr } = codegen(...args, '--root', root)
    expect(status).toBe(1)
    const kept = 'nothing is written: src/generated/ stays as it is until that is mended\n'
    expect(stderr).toBe(
      `lexicons/com/example/bad.json:6:15 unknown type "objct" - did you mean "object"?\n1 error\n${args.length === 0 ? kept : ''}`,
    )
  }
})

test('status shows every route and the totals', () => {
  const root = makeProject({ ...guestBook, ...listHandler })
  expect(codegen('status', '--root', root).stdout.split('\n')).toEqual([
    'com.example.book.list  query         local',
    'com.example.book.sign  procedure     proxy → appview',
    '2 methods: 1 local, 1 proxy → appview, 0 proxy → chat, 0 proxy → moderation, 0 refuse',
    '',
  ])
})

test.each<[string[], string]>([
  [['--chek'], 'unknown option --chek - did you mean "check"?'],
  [['statsu'], 'Unknown command statsu - did you mean "status"?'],
  [['status', 'extra'], 'unexpected argument "extra"'],
  [['new'], 'Missing required positional argument: NSID'],
  [['--watch', '--check'], '--watch goes with neither --check nor --json'],
  [['diff', 'no-such-ref'], '"no-such-ref" is not a commit, branch or tag of this repository'],
])('a command line that makes no sense exits 2: %j', (args, message) => {
  const { status, stderr } = codegen(...args)
  expect(status).toBe(2)
  expect(stderr).toBe(`codegen: ${message} (see --help)\n`)
})

test('help names the commands, the options and the exit codes', () => {
  const { status, stdout } = codegen('--help')
  expect(status).toBe(0)
  for (const word of ['import', 'new', 'status', 'diff', '--check', '--watch', 'EXIT CODES']) {
    expect(stdout).toContain(word)
  }
  expect(codegen('diff', '--help').stdout).toContain('REF')
})
