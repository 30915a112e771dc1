/** Follows docs/custom-collections.md and docs/handlers.md to the letter in a copy of the project. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lacksChromium, startChromium } from '../support/chromium.ts'
import { makeApp, publicOrigin } from '../support/oauth.ts'
import { filesOf, writePageFile } from '../support/page-commands.ts'
import { copyProject, PROJECT } from '../support/project.ts'
import { follow, Reader } from '../support/reader.ts'
import { HANDLE, PASSWORD, startServer, type TestServer } from '../support/server.ts'

const page = ['custom-collections.md', 'handlers.md']
  .map((name) => readFileSync(join(PROJECT, 'docs', name), 'utf8'))
  .join('')
/** docs/testing.md, whose examples are one file of tests. */
const kit = readFileSync(join(PROJECT, 'docs', 'testing.md'), 'utf8')
const examples = [...kit.matchAll(/```ts test\n([\s\S]*?)```/g)].map(([, code = '']) => code)
const [, seedsFile = ''] = /```ts (?=src\/seeds\.ts)\S+\n([\s\S]*?)```/.exec(kit) ?? []
const blocks = [...page.matchAll(/```\w+ (\S+)\n([\s\S]*?)```/g)].map(
  ([, path = '', code = '']) => ({ path, code }),
)
/** What other pages write out, compiled with the rest; tutorial.test.ts and package.test.ts follow the others. */
const OTHERS = [
  ...filesOf('docs/tutorial.md').filter(({ path }) =>
    /^lexicons\/.*\/(recipe|rating)\.json$/.test(path),
  ),
  ...filesOf('docs/collections.md'),
  ...filesOf('docs/jobs.md'),
]

let project: string
let server: TestServer
const reader = new Reader()
// Another copy, in which nothing was done before.
reader.program('git', `for to; do :; done; exec mv '${copyProject()}' "$to"`)
// The packages are there; of its scripts only `codegen` is run.
reader.program('npm', '[ "$1" = ci ] || exec node codegen/cli.ts')

beforeAll(() => {
  project = copyProject()
  git('init', '-q')
  commit('before')
})
afterAll(async () => {
  reader.close()
  await server?.stop()
})

function git(...args: string[]): void {
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
    cwd: project,
  })
}

function commit(message: string): void {
  git('add', '-A')
  git('commit', '-qm', message)
}

/** Writes the next block of the page that is named `path`. */
function write(path: string): void {
  const index = blocks.findIndex((block) => block.path === path)
  const [block] = index < 0 ? [] : blocks.splice(index, 1)
  if (!block) throw new Error(`the page has no (further) block ${path}`)
  mkdirSync(dirname(join(project, path)), { recursive: true })
  writeFileSync(join(project, path), block.code)
}

function run(script: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    cwd: project,
    encoding: 'utf8',
  })
  return { status, output: stdout + stderr }
}

const codegen = (...args: string[]) => run('codegen/cli.ts', ...args)

test('two lexicons and a handler make a collection with a query', { timeout: 300_000 }, () => {
  write('lexicons/com/example/guestbook/entry.json')
  write('lexicons/com/example/guestbook/getEntries.json')
  write('lexicons/com/example/guestbook/auth.json')
  write('lexicons/com/example/guestbook/watch.json')
  write('lexicons/com/example/guestbook/getText.json')
  const generated = codegen()
  expect(generated).toMatchObject({ status: 0 })
  expect(generated.output).toContain('+ src/generated/methods/com/example/guestbook/getEntries.ts')

  const started = codegen('new', 'com.example.guestbook.getEntries')
  expect(started).toMatchObject({ status: 0 })
  expect(started.output).toContain('+ src/handlers/com/example/guestbook/getEntries.ts')
  const types = () => run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json')
  expect(types()).toEqual({ status: 0, output: '' })

  write('src/handlers/com/example/guestbook/getEntries.ts')
  write('src/handlers/com/example/guestbook/getEntries.test.ts')
  writeFileSync(join(project, 'src/seeds.ts'), seedsFile)
  writeFileSync(join(project, 'src/guestbook.test.ts'), examples.join('\n'))
  write('src/handlers/com/example/guestbook/watch.ts')
  write('src/handlers/com/example/guestbook/getText.ts')
  write('src/handlers/app/bsky/actor/searchActors.ts')
  for (const file of OTHERS) writePageFile(file, project)
  expect(codegen()).toMatchObject({ status: 0 })
  expect(codegen('--check')).toMatchObject({ status: 0 })
  expect(types()).toEqual({ status: 0, output: '' })
  for (const { path } of OTHERS) rmSync(join(project, path))
  expect(codegen()).toMatchObject({ status: 0 })
  expect(codegen('status').output).toMatch(/com\.example\.guestbook\.getEntries\s+query\s+local/)
  const tested = run('node_modules/vitest/vitest.mjs', 'run', '--project', 'workerd', 'guestbook')
  expect(tested.status, tested.output).toBe(0)
  expect(tested.output).toContain('src/guestbook.test.ts')
  rmSync(join(project, 'src/guestbook.test.ts'))
  commit('a guestbook')
})

test('valid records are taken, invalid ones refused, and the query answers', async () => {
  server = await startServer({ project })
  const agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: HANDLE, password: PASSWORD })
  const write = (record: Record<string, unknown>) =>
    agent.com.atproto.repo.createRecord({
      repo: agent.assertDid,
      collection: 'com.example.guestbook.entry',
      record,
    })
  const createdAt = '2026-01-01T12:00:00Z'
  const written = await write({ message: 'First!', createdAt })
  expect(written.data.validationStatus).toBe('valid')
  await expect(write({ createdAt })).rejects.toMatchObject({
    status: 400,
    error: 'InvalidRequest',
    message: 'Invalid record: Record must have the property "message"',
  })
  await expect(write({ message: '', createdAt })).rejects.toMatchObject({ status: 400 })

  const query = (params: string) =>
    fetch(`${server.origin}/xrpc/com.example.guestbook.getEntries?${params}`)
  expect(await (await query(`owner=${HANDLE}`)).json()).toEqual({
    entries: [{ uri: written.data.uri, message: 'First!' }],
  })
  expect((await query(`owner=${HANDLE}&limit=0`)).status).toBe(400)
  expect((await query('')).status).toBe(400)
  const text = await fetch(`${server.origin}/xrpc/com.example.guestbook.getText?owner=${HANDLE}`)
  expect([text.headers.get('content-type'), await text.text()]).toEqual(['text/plain', 'First!'])
})

const HERE = 'its program is run by this file, between what the page has it work on'
follow('docs/custom-collections.md', {
  reader: () => reader,
  instead: () => [
    ['http://localhost:2583', server.origin],
    ['"..."', JSON.stringify(PASSWORD)],
    // The record of before has a first line.
    ['First!', 'Second!'],
    ['<this repository>', 'https://git.example.com/cumulus.git'],
  ],
  steps: {
    'npm run codegen': { shows: /com\/example\/shelf\/book/ },
    'npm run codegen -- new com.example.guestbook.getEntries': HERE,
    'npx vitest --project workerd src/handlers/com/example/guestbook/getEntries.test.ts': HERE,
    'npm start': HERE,
    'curl "$HOST/com.example.guestbook.getEntries?owner=alice.test"': {
      shows: /\{"uri":"at:[^"]*","message":"Second!"\}/,
    },
    'npm run codegen -- diff': HERE,
  },
})
test.skipIf(lacksChromium())(
  'the consent page shows title and detail of the permission set in the tree',
  async () => {
    const host = `did:web:${new URL(publicOrigin(server.origin)).hostname}%23atproto_pds`
    const scope = `atproto include:com.example.guestbook.auth?aud=${host}`
    const { client } = makeApp('http://127.0.0.1:9', scope)
    const browser = await startChromium()
    try {
      const page = await browser.newPage()
      const asked = await client.authorize(publicOrigin(server.origin), { scope })
      await page.goto(String(asked))
      await page
        .getByText(/sign in/i)
        .first()
        .click()
      await page.locator('input[name="username"]').fill(HANDLE)
      await page.locator('input[type="password"]').fill(PASSWORD)
      await page.keyboard.press('Enter')
      await page.getByRole('button', { name: /authorize|allow|accept/i }).waitFor()
      await page.getByText('Guestbook', { exact: true }).waitFor()
      await page.getByText('Write into guestbooks.', { exact: true }).waitFor()
    } finally {
      await browser.close()
    }
  },
)

test('an incompatible change is objected to', () => {
  expect(codegen('diff')).toMatchObject({ status: 0 })
  write('lexicons/com/example/guestbook/entry.json')
  const diff = codegen('diff')
  expect(diff.status).toBe(1)
  expect(diff.output).toMatch(/breaking.*title/)
  expect(diff.output).toMatch(/breaking.*maxLength/)
})
