import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }

const PROJECT = join(import.meta.dirname, '..')
const CHECK = ['--import', './cli/installed.mjs']
/** The Node that runs this, whatever is installed. */
const PATH = `${dirname(process.execPath)}:/usr/bin:/bin`

let clone: string

beforeAll(() => {
  clone = mkdtempSync(join(tmpdir(), 'cumulus-clone-'))
  for (const path of ['cli', 'codegen', 'bench/cli.ts', 'package.json']) {
    cpSync(join(PROJECT, path), join(clone, path), { recursive: true })
  }
})

afterAll(() => rmSync(clone, { recursive: true, force: true }))

test.for(['start', 'dev', 'codegen', 'bench', 'bench:collections', 'size', 'check'] as const)(
  'without its packages, `npm run %s` says that they have to be installed',
  (name) => {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', manifest.scripts[name]], {
      cwd: clone,
      env: { PATH },
      encoding: 'utf8',
    })
    expect(stderr).toBe(
      '\nThe packages of this checkout are not installed, or not all of them. Run `npm ci` first, and then this again.\n',
    )
    expect(stdout).toBe('')
    expect(status).toBe(1)
  },
)

test('without its packages, `npx cumulus` says the same', () => {
  const { status, stdout, stderr } = spawnSync('node', [manifest.bin.cumulus, '--help'], {
    cwd: clone,
    env: { PATH },
    encoding: 'utf8',
  })
  expect(stderr).toMatch(/^\nThe packages of this checkout .* Run `npm ci` first/)
  expect(stdout).toBe('')
  expect(status).toBe(1)
})

test('a Node that reads no TypeScript is told the same, as `npm ci` brings another one', () => {
  const old = ['--no-experimental-strip-types', ...CHECK, 'cli/cumulus.ts', '--version']
  const { status, stderr } = spawnSync(process.execPath, old, { cwd: PROJECT, encoding: 'utf8' })
  expect(stderr).toMatch(/^\nThe packages of this checkout .* Run `npm ci` first/)
  expect(status).toBe(1)
})

test.for([
  { by: 'a script', words: [...CHECK, 'cli/cumulus.ts'] },
  { by: '`npx cumulus`', words: [manifest.bin.cumulus] },
])('where all is installed, nothing is said and $by runs the program', ({ words }) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...words, '--version'], {
    cwd: PROJECT,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(stdout).toBe(`${manifest.version}\n`)
  expect(status).toBe(0)
})
