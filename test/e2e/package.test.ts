/**
 * A project of one's own, from the package as npm has it: made in an empty folder, generated, tested, started, called,
 * and built for Cloudflare. `npm install` itself is run by the long form; the short one has the libraries of this checkout.
 */
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PROJECT } from '../support/project.ts'
import { startServer, type TestServer } from '../support/server.ts'

const isLong = process.env.CUMULUS_LONG === '1'

const folder = mkdtempSync(join(tmpdir(), 'cumulus-package-'))
const app = join(folder, 'my-app')
const bin = join(app, 'node_modules', '.bin')
let server: TestServer | undefined

beforeAll(() => {
  step('package', process.execPath, [join(PROJECT, 'cli/write-package.ts')], PROJECT)
  step('pack', 'npm', ['pack', join(PROJECT, 'dist', 'package')], folder)
}, 180_000)
afterAll(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Runs a program and says how long it took. @returns what it printed */
function step(name: string, program: string, args: readonly string[], cwd: string): string {
  const since = performance.now()
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
    env: {
      ...process.env,
      CUMULUS_ENV_FILE: '',
      WRANGLER_SEND_METRICS: 'false',
      VITEST: undefined,
    },
  })
  process.stdout.write(`${name}: ${((performance.now() - since) / 1000).toFixed(1)} s\n`)
  expect(status, `${name}:\n${stdout}${stderr}`).toBe(0)
  return stdout
}

const tarball = () => {
  const name = readdirSync(folder).find((file) => file.endsWith('.tgz')) ?? ''
  return join(folder, name)
}

/** As npm unpacks it; what it depends on is this checkout's. */
function installByHand(): void {
  const modules = join(app, 'node_modules')
  mkdirSync(join(modules, '.bin'), { recursive: true })
  for (const entry of readdirSync(join(PROJECT, 'node_modules'))) {
    if (!entry.startsWith('.'))
      symlinkSync(join(PROJECT, 'node_modules', entry), join(modules, entry))
  }
  for (const name of ['node', 'tsc', 'vitest', 'wrangler']) {
    symlinkSync(join(PROJECT, 'node_modules', '.bin', name), join(modules, '.bin', name))
  }
  cpSync(join(folder, 'package'), join(modules, 'cumulus'), { recursive: true })
  symlinkSync('../cumulus/cli/cumulus.js', join(modules, '.bin', 'cumulus'))
}

test('a project is made of the package, and holds only what a person changes', () => {
  step('unpack', 'tar', ['xzf', tarball()], folder)
  // As `npx` would, it has its libraries above it.
  symlinkSync(join(PROJECT, 'node_modules'), join(folder, 'node_modules'))
  const program = join(folder, 'package', 'cli', 'cumulus.js')
  const printed = step(
    'create',
    process.execPath,
    [program, 'create', app, '--package', `file:${tarball()}`],
    folder,
  )
  rmSync(join(folder, 'node_modules'))
  expect(printed).toContain('npm install')
  const files = readdirSync(app, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(app.length + 1))
    .filter((path) => !/^(src\/generated|node_modules)\//.test(path))
  expect(files.sort()).toEqual([
    '.gitignore',
    '.vscode/settings.json',
    'README.md',
    'lexicons/com/example/guestbook/auth.json',
    'lexicons/com/example/guestbook/entry.json',
    'lexicons/com/example/guestbook/getEntries.json',
    'package-lock.json',
    'package.json',
    'src/handlers/com/example/guestbook/getEntries.test.ts',
    'src/handlers/com/example/guestbook/getEntries.ts',
    'src/worker.ts',
    'tsconfig.json',
    'vitest.config.mts',
    'wrangler.toml',
  ])
  expect(readFileSync(join(app, 'src', 'worker.ts'), 'utf8')).toBe(
    readFileSync(join(PROJECT, 'src', 'worker.ts'), 'utf8'),
  )
  expect(readFileSync(join(app, 'package-lock.json'), 'utf8')).not.toContain('"resolved"')
}, 60_000)

test('its code is generated, compiles, and passes its test', () => {
  if (isLong) step('install', 'npm', ['install', '--no-audit', '--no-fund'], app)
  else installByHand()
  expect(step('codegen', join(bin, 'cumulus'), ['codegen', '--check'], app)).toBe('')
  step('types', join(bin, 'tsc'), [], app)
  const tested = step('test', join(bin, 'vitest'), ['run'], app)
  expect(tested).toMatch(/Tests.*1 passed/)
}, 300_000)

test('a handler of its own goes before the one of the package, and is told of', async () => {
  const path = join(app, 'src/handlers/com/atproto/server/describeServer.ts')
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(
    path,
    `import { define } from '#lex/com/atproto/server/describeServer'
import { anyone } from 'cumulus'

export default define({
  auth: anyone,
  handler: () => ({ did: 'did:web:mine.example.com', availableUserDomains: ['.mine.example.com'] }),
})
`,
  )
  step('codegen again', join(bin, 'cumulus'), ['codegen'], app)
  step('types again', join(bin, 'tsc'), [], app)
  const status = step('status', join(bin, 'cumulus'), ['codegen', 'status'], app)
  expect(status).toContain('local (in place of the built-in handler)')

  const since = performance.now()
  server = await startServer({
    program: join(app, 'node_modules', 'cumulus', 'cli', 'cumulus.js'),
    cwd: app,
    env: { PDS_FIRST_DID_METHOD: 'web' },
  })
  process.stdout.write(`start: ${((performance.now() - since) / 1000).toFixed(1)} s\n`)
  expect(existsSync(join(app, 'dist', 'worker.js'))).toBe(true)
  const call = async (method: string) => (await fetch(`${server?.origin}/xrpc/${method}`)).json()
  expect(await call('com.atproto.server.describeServer')).toMatchObject({
    did: 'did:web:mine.example.com',
  })
  expect(await call('com.example.guestbook.getEntries?owner=alice.test')).toEqual({ entries: [] })
}, 120_000)

test('a client, a description and pages are made of its lexicons and of those of the package', async () => {
  const client = step('client', join(bin, 'cumulus'), ['codegen', 'client'], app)
  expect(client).toContain('+ client/client.ts')
  expect(client).toMatch(/added \(com\.example, /)
  const printed = step('openapi', join(bin, 'cumulus'), ['codegen', 'openapi', '--out', '-'], app)
  const { paths } = JSON.parse(printed)
  expect(paths['/xrpc/com.example.guestbook.getEntries'].get.security).toEqual([{}])
  expect(paths['/xrpc/com.atproto.server.describeServer'].get.security).toEqual([{}])
  expect(paths['/xrpc/com.atproto.server.deactivateAccount'].post.security).toEqual([
    { mainPassword: [] },
    { oauth: ['account:status?action=manage'] },
  ])
  for (const nsid of ['com.example.guestbook.getEntries', 'com.atproto.repo.createRecord']) {
    const page = await fetch(`${server?.origin}/docs/${nsid}`)
    expect(await page.text()).toContain('answered here')
  }
}, 60_000)

test('it is built for Cloudflare', () => {
  const wrangler = join(bin, 'wrangler')
  const built = step('deploy --dry-run', wrangler, ['deploy', '--dry-run'], app)
  expect(built).toContain('env.ACCOUNTS (AccountObject)')
}, 120_000)
