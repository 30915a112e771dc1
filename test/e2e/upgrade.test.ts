/** `cumulus upgrade` on a real checkout with real data: to the next version, and back from one that is broken. */
import { execFileSync, spawn } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ensureBundle } from '../../cli/host/bundle.ts'
import { makeAccounts } from '../support/accounts.ts'
import { runCommand } from '../support/command.ts'
import { copyProject, PROJECT } from '../support/project.ts'
import { startServer, type TestServer } from '../support/server.ts'

const isLong = process.env.CUMULUS_LONG === '1'

/** ms; versions are built, and hosts started again and again. */
const TIMEOUT = 120_000

const project = copyProject()
const git = (...args: string[]) =>
  execFileSync('git', ['-C', project, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
    encoding: 'utf8',
  }).trim()

const path = (name: string) => join(project, name)
const edit = (name: string, change: (text: string) => string) =>
  writeFileSync(path(name), change(readFileSync(path(name), 'utf8')))

/** Makes a version of what `change` does, and goes back to the one before. */
function release(version: string, entry: string, change: () => void): void {
  const now = git('rev-parse', 'HEAD')
  edit('package.json', (text) => text.replace(/"version": "[^"]+"/, `"version": "${version}"`))
  edit('CHANGELOG.md', (text) =>
    text.replace('# Changelog\n', `# Changelog\n\n## ${version}\n\n- ${entry}\n`),
  )
  change()
  git('commit', '--quiet', '--all', '--message', version)
  git('tag', `v${version}`)
  git('reset', '--hard', '--quiet', now)
}

let server: TestServer
let data: string

beforeAll(async () => {
  writeFileSync(path('.gitignore'), 'node_modules\ndist/\n.cache/\n')
  writeFileSync(path('CHANGELOG.md'), '# Changelog\n\n## 0.1.0\n\n- The first one.\n')
  git('init', '--quiet', '--initial-branch=main')
  git('add', '--all')
  git('commit', '--quiet', '--message', 'first')
  git('tag', 'v0.1.0')
  release('0.2.0', 'Something is new.', () => {
    edit('src/storage/directory/schema.ts', (text) =>
      text.replace(/\n\]\n/, '\n  `CREATE TABLE upgraded (id INTEGER PRIMARY KEY)`,\n]\n'),
    )
    edit('src/kernel/config/operation-settings.ts', (text) =>
      text.replace(
        'PDS_VERSION_URL: url(',
        "PDS_SOMETHING: secret('none', 'Is new.'),\n  PDS_VERSION_URL: url(",
      ),
    )
  })
  // The bundle of the project is that of the first version.
  ensureBundle(() => undefined)
  cpSync(join(PROJECT, 'dist'), path('dist'), { recursive: true })
  server = await startServer({ project })
  data = server.dataDirectory
  const accounts = await makeAccounts(server, 3)
  const revs: string[] = []
  for (const { did, accessJwt } of accounts) {
    const response = await fetch(`${server.origin}/xrpc/com.atproto.repo.createRecord`, {
      method: 'POST',
      headers: { authorization: `Bearer ${accessJwt}`, 'content-type': 'application/json' },
      body: JSON.stringify({ repo: did, collection: 'com.example.note', record: { text: did } }),
    })
    expect(response.status).toBe(200)
    revs.push(((await response.json()) as { commit: { rev: string } }).commit.rev)
  }
  // The list knows of a commit by its event, which comes after the answer.
  await vi.waitFor(async () => {
    before = await listRepos()
    expect(before).toHaveLength(4)
    expect(before.map(({ rev }) => rev)).toEqual(expect.arrayContaining(revs))
  })
}, 120_000)
afterAll(() => {
  for (const folder of [project, data, copies()]) rmSync(folder, { recursive: true, force: true })
})

const copies = () => `${data}-copies`

/** Without systemd, and with the settings of the server. */
const SETTINGS = {
  PDS_DID_PLC_URL: 'http://127.0.0.1:9',
  PDS_FIRST_DID_METHOD: 'web',
  PDS_CRAWLERS: 'none',
  PDS_DEV_MODE: 'true',
}
const env = () => ({ ...SETTINGS, PDS_DATA_DIRECTORY: data })
const upgrade = (...args: string[]) =>
  runCommand(
    path('cli/cumulus.ts'),
    ['upgrade', '--service', 'there-is-none', '--copies', copies(), ...args],
    env(),
  )

const version = () =>
  (JSON.parse(readFileSync(path('package.json'), 'utf8')) as { version: string }).version

/** Accounts with their heads, as they are before all of it. */
let before: { rev: string }[]

async function listRepos(): Promise<{ rev: string }[]> {
  const response = await fetch(`${server.origin}/xrpc/com.atproto.sync.listRepos`)
  return ((await response.json()) as { repos: { rev: string }[] }).repos
}

async function expectAsBefore(): Promise<void> {
  server = await startServer({ project, dataDirectory: data })
  expect(await listRepos()).toEqual(before)
  await server.stop()
}

/** Nothing of an upgrade is left over, and the checkout is clean. */
function expectTidy(): void {
  expect(git('status', '--porcelain')).toBe('')
  expect(git('worktree', 'list').split('\n')).toHaveLength(1)
  expect(existsSync(path('.cache/upgrade'))).toBe(false)
  expect(existsSync(path('.cache/upgrade.json'))).toBe(false)
}

test('while the host runs, its data are left alone', async () => {
  const { code, output } = await upgrade('--yes', 'v0.2.0')
  expect([code, output]).toEqual([1, expect.stringContaining('Another server runs with the data')])
  expect(version()).toBe('0.1.0')
  expectTidy()
  await server.stop()
})

test('what would change is said: changelog, migrations, settings', async () => {
  const { code, output } = await upgrade('--check')
  expect(code).toBe(0)
  expect(output).toContain('0.1.0')
  expect(output).toMatch(/## 0\.2\.0\n- Something is new\.\n/)
  expect(output).not.toContain('The first one.')
  expect(output).toContain('directory (1)')
  expect(output).toMatch(/New settings:\n {2}- PDS_SOMETHING/)
  expect(version()).toBe('0.1.0')
  expectTidy()
})

test('what is changed here and not committed stops it', async () => {
  appendFileSync(path('wrangler.toml'), '# mine\n')
  const { code, output } = await upgrade('--yes')
  expect([code, output]).toEqual([1, expect.stringContaining('- wrangler.toml')])
  git('checkout', '--quiet', 'wrangler.toml')
})

test(
  'to the newest release, with everything that there was',
  async () => {
    const { code, output } = await upgrade('--yes', '--json')
    expect([code, output]).toEqual([0, expect.stringContaining('4 accounts are as they were')])
    expect(output).toMatch(/^\{"from":"0\.1\.0","to":"0\.2\.0","accounts":4,/m)
    // It was built before the host was stopped.
    expect(statSync(path('dist/worker.js')).mtimeMs).toBeGreaterThan(
      statSync(path('src/kernel/config/operation-settings.ts')).mtimeMs,
    )
    expect(version()).toBe('0.2.0')
    expect(git('rev-parse', '--abbrev-ref', 'HEAD')).toBe('main')
    expectTidy()
    await expectAsBefore()
    expect(readdirSync(copies())).toHaveLength(1)
  },
  TIMEOUT,
)

test('there is no way back but by a copy of the data', async () => {
  const { code, output } = await upgrade('--yes', 'v0.1.0')
  expect([code, output]).toEqual([1, expect.stringContaining('older')])
})

describe('from a version that is broken', () => {
  test(
    'everything is put back, the data that it touched too',
    async () => {
      release('0.3.0', 'It forgets accounts.', () => {
        edit('src/storage/sequencer/schema.ts', (text) =>
          text.replace(/\n\]\n/, '\n  `DELETE FROM source WHERE rowid > 1`,\n]\n'),
        )
      })
      const { code, output } = await upgrade('--yes')
      expect([code, output]).toEqual([1, expect.stringContaining('0.2.0 is back, with its data')])
      expect(output).toContain('is gone')
      expect(version()).toBe('0.2.0')
      expectTidy()
      await expectAsBefore()
      // That of the upgrade before.
      expect(readdirSync(copies())).toHaveLength(1)
    },
    TIMEOUT,
  )

  test.runIf(isLong)(
    'that does not even start',
    async () => {
      release('0.4.0', 'It does not start.', () => {
        edit('src/storage/sequencer/schema.ts', (text) =>
          text.replace(/\n\]\n/, '\n  `NONSENSE`,\n]\n'),
        )
      })
      const { code, output } = await upgrade('--yes')
      expect([code, output]).toEqual([1, expect.stringContaining('0.2.0 is back')])
      await expectAsBefore()
    },
    900_000,
  )
})

test.runIf(isLong)(
  'killed at any moment, the next run puts everything back',
  async () => {
    for (const word of ['Looking', 'Copying', 'Switching', 'Starting', 'Starting']) {
      const child = spawn(
        process.execPath,
        [
          path('cli/cumulus.ts'),
          'upgrade',
          '--yes',
          '--service',
          'none',
          '--copies',
          copies(),
          'v0.3.0',
        ],
        { env: { PATH: process.env.PATH, CUMULUS_ENV_FILE: '', ...env() }, detached: true },
      )
      await new Promise<void>((resolve) => {
        child.stderr.on('data', (chunk: Buffer) => {
          if (chunk.includes(word)) resolve()
        })
        child.once('exit', () => resolve())
      })
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 1500))
      // The host that it started ends with it, as with the machine.
      process.kill(-(child.pid ?? 0), 'SIGKILL')
      execFileSync('sh', [
        '-c',
        `for p in $(ls /proc | grep -E '^[0-9]+$'); do if [ "$(readlink /proc/$p/cwd)" = "${data}" ]; then kill -9 $p; fi; done; true`,
      ])
      const { output } = await upgrade('--check', 'v0.3.0')
      expect(output).toContain('0.2.0')
      expect(version()).toBe('0.2.0')
      expectTidy()
      await expectAsBefore()
    }
  },
  300_000,
)
