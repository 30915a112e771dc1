/**
 * A project of one's own, from the package as npm has it: made in an empty folder, generated, tested, started, called,
 * and built for Cloudflare. `npm install` itself is run by the long form; the short one has the libraries of this checkout.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { step, Unpacked } from '../support/package.ts'
import { writeFilesOf } from '../support/page-commands.ts'
import { PROJECT } from '../support/project.ts'
import { startServer, type TestServer } from '../support/server.ts'

const isLong = process.env.CUMULUS_LONG === '1'

let unpacked: Unpacked
let app: string
let bin: string
let server: TestServer | undefined

beforeAll(async () => {
  unpacked = await Unpacked.make()
  app = join(unpacked.folder, 'my-app')
  bin = join(app, 'node_modules', '.bin')
}, 180_000)
afterAll(async () => {
  await server?.stop()
  unpacked?.remove()
})

test('a project is made of the package, and holds only what a person changes', () => {
  const printed = step(
    'create',
    process.execPath,
    [unpacked.program, 'create', app, '--package', `file:${unpacked.tarball}`],
    unpacked.folder,
  )
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
})

test('npm create makes the same', () => {
  const folder = mkdtempSync(join(tmpdir(), 'create-cumulus-'))
  step('unpack create-cumulus', 'tar', ['xzf', unpacked.createTarball], folder)
  // As npm installs it.
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(join(unpacked.folder, 'package'), join(folder, 'node_modules', 'cumulus'))
  const program = join(folder, 'package', 'create-cumulus.js')
  step('npm create', process.execPath, [program, 'your-app', '--no-install'], folder)
  const made = join(folder, 'your-app')
  for (const file of ['package.json', 'wrangler.toml']) expect(readdirSync(made)).toContain(file)
  const { dependencies } = JSON.parse(readFileSync(join(made, 'package.json'), 'utf8'))
  expect(dependencies).toEqual({ cumulus: expect.stringMatching(/^\^\d/) })
})

test('its code is generated, compiles, and passes its test in the long form', () => {
  if (isLong) step('install', 'npm', ['install', '--no-audit', '--no-fund'], app)
  else unpacked.installIn(app)
  expect(step('codegen', join(bin, 'cumulus'), ['codegen', '--check'], app)).toBe('')
  step('types', join(bin, 'tsc'), [], app)
  // tutorial.test.ts runs those of another project.
  if (isLong) expect(step('test', join(bin, 'vitest'), ['run'], app)).toMatch(/Tests.*1 passed/)
}, 300_000)

test('a handler of its own goes before the one of the package, and is told of', async () => {
  writeFilesOf('docs/framework.md', app)
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
})

test.runIf(isLong)(
  'it is built for Cloudflare',
  () => {
    const wrangler = join(bin, 'wrangler')
    const built = step('deploy --dry-run', wrangler, ['deploy', '--dry-run'], app)
    expect(built).toContain('env.ACCOUNTS (AccountObject)')
  },
  120_000,
)
