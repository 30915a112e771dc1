/** A lexicon is about to change: which records of the host would fail, and how their owners have them repaired. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lexicon, put } from '../../codegen/testing/project.ts'
import { type MadeAccount, makeAccounts, passwordOf } from '../support/accounts.ts'
import { type Ran, runCumulus } from '../support/command.ts'
import { startServer, type TestServer } from '../support/server.ts'

const NOTE = 'com.example.notes.note'

let server: TestServer
let project: string
let anna: MadeAccount
let ben: MadeAccount
let gone: MadeAccount
const uri = (account: MadeAccount, rkey: string) => `at://${account.did}/${NOTE}/${rkey}`

async function agentOf({ handle }: MadeAccount): Promise<AtpAgent> {
  const agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: handle, password: `password of ${handle}` })
  return agent
}

/** The host does not know the collection, and takes what the lexicon to come would refuse. */
async function write(account: MadeAccount, notes: Record<string, object>): Promise<void> {
  const agent = await agentOf(account)
  for (const [rkey, record] of Object.entries(notes)) {
    await agent.com.atproto.repo.putRecord({
      ...{ repo: account.did, collection: NOTE, rkey },
      record: { $type: NOTE, ...record },
    })
  }
}

let appPasswords = 0

/** What somebody makes who allows a repair. */
async function appPasswordOf(account: MadeAccount): Promise<string> {
  const agent = await agentOf(account)
  const name = `repair ${appPasswords++}`
  const { data } = await agent.com.atproto.server.createAppPassword({ name })
  return data.password
}

const lexicons = (sub: string, args: string[], env: Record<string, string> = {}): Promise<Ran> =>
  runCumulus(['lexicons', sub, NOTE, '--root', project, '--host', server.origin, ...args], env)

const check = (...args: string[]) =>
  lexicons('check', args, { PDS_ADMIN_PASSWORD: passwordOf(server) })

const noteOf = async (account: MadeAccount, rkey: string) =>
  (
    await new AtpAgent({ service: server.origin }).com.atproto.repo.getRecord({
      ...{ repo: account.did, collection: NOTE, rkey },
    })
  ).data.value

beforeAll(async () => {
  server = await startServer()
  project = mkdtempSync(join(tmpdir(), 'cumulus-notes-'))
  const record = {
    type: 'object',
    required: ['title', 'text'],
    properties: {
      title: { type: 'string', maxLength: 10 },
      text: { type: 'string' },
    },
  }
  put(project, lexicon(NOTE, { main: { type: 'record', key: 'any', record } }))
  const made = await makeAccounts(server, 3)
  ;[anna, ben, gone] = made as [MadeAccount, MadeAccount, MadeAccount]
  await write(anna, {
    a: { title: 'good', text: 'x' },
    b: { text: 'no title' },
    c: { text: 'again' },
  })
  await write(ben, { d: { title: 'much too long', text: 'x' } })
  await write(gone, { e: { text: 'of somebody who went' } })
  await (await agentOf(gone)).com.atproto.server.deactivateAccount({})
})

afterAll(async () => {
  await server?.stop()
  if (project) rmSync(project, { recursive: true })
})

test('every record is held against the lexicon in the tree, also those that only the operator may read', async () => {
  const { code, output } = await check('--json')
  expect(code).toBe(1)
  const result = JSON.parse(output.slice(output.indexOf('{')))
  expect(result).toMatchObject({ nsid: NOTE, accounts: 3, records: 5, failing: 4, unread: [] })
  const [untitled, long] = result.reasons
  expect(untitled).toMatchObject({ reason: 'Record must have the property "title"', count: 3 })
  const named = untitled.examples.map((example: { uri: string }) => example.uri)
  expect(named.sort()).toEqual([uri(anna, 'b'), uri(anna, 'c'), uri(gone, 'e')].sort())
  expect(long).toMatchObject({
    reason: 'Record/title must not be longer than 10 characters',
    examples: [{ uri: uri(ben, 'd'), cid: expect.stringMatching(/^bafy/) }],
  })
})

test('without the operator’s password, what is public is', async () => {
  const { code, output } = await lexicons('check', ['--active', '--examples', '1'])
  expect(code).toBe(1)
  expect(output).toContain('     2  Record must have the property "title"\n        at://')
  expect(output).not.toContain(gone.did)
  expect(output).toMatch(/3 of 4 records would be refused \(2 active accounts, /)
})

test('what is no collection of the tree, or no number, is refused', async () => {
  expect(await check('--examples', 'x')).toMatchObject({ code: 2 })
  const other = await runCumulus(['lexicons', 'check', 'com.example.notes.nota', '--root', project])
  expect(other).toMatchObject({ code: 2 })
  expect(other.output).toContain(`did you mean "${NOTE}"?`)
})

/** What the function is given and makes of it. */
function withFunction(body: string): string {
  const path = join(project, `repair-${body.length}.ts`)
  writeFileSync(path, `export default (record: any, about: any): unknown => {\n${body}\n}\n`)
  return path
}

test('a dry run shows what would change, of all accounts, and changes nothing', async () => {
  const path = withFunction("return { ...record, title: record.title?.slice(0, 10) ?? 'untitled' }")
  const { code, output } = await lexicons('repair', ['--with', path, '--dry-run'])
  expect(code).toBe(0)
  expect(output).toContain(`~ ${uri(anna, 'b')}\n    + title: "untitled"\n`)
  expect(output).toContain(
    `~ ${uri(ben, 'd')}\n    - title: "much too long"\n    + title: "much too l"\n`,
  )
  expect(output).toContain('4 records looked at, 3 would be repaired')
  expect(await noteOf(anna, 'b')).not.toHaveProperty('title')
})

test('the records of those who allowed it are repaired, and of nobody else', async () => {
  const path = withFunction(`  if (about.uri.endsWith('/c')) return undefined
  return { ...record, title: 'untitled' }`)
  const allowed = join(project, 'allowed')
  writeFileSync(allowed, `# who allowed it\n${anna.handle} ${await appPasswordOf(anna)}\n`)
  chmodSync(allowed, 0o644)
  const repair = (...args: string[]) =>
    lexicons('repair', ['--with', path, '--state', join(project, 'state'), ...args])
  expect(await repair()).toMatchObject({ code: 2 })
  const open = await repair('--accounts', allowed)
  expect(open).toMatchObject({ code: 1, output: expect.stringContaining('chmod 600') })
  chmodSync(allowed, 0o600)

  const { code, output } = await repair('--accounts', allowed)
  expect(output).toContain(`~ ${uri(anna, 'b')}\n`)
  expect(output).toContain(`= ${uri(anna, 'c')}  (left: Record must have the property "title")\n`)
  expect(output).toContain('3 records looked at, 1 repaired, 1 left')
  expect(code).toBe(1)
  expect(existsSync(join(project, 'state'))).toBe(false)
  expect(await noteOf(anna, 'b')).toMatchObject({ title: 'untitled', text: 'no title' })
  expect(await noteOf(ben, 'd')).toMatchObject({ title: 'much too long' })
})

test('what a function makes is written only where it passes, and a wrong password opens nothing', async () => {
  const path = withFunction(
    "if (about.reason.includes('longer')) throw new Error('no idea')\n  return record",
  )
  const args = ['--with', path, '--state', join(project, 'state'), '--account']
  const own = async (account: MadeAccount) =>
    lexicons('repair', [...args, account.handle], {
      LEXICONS_PASSWORD: await appPasswordOf(account),
    })
  const annas = await own(anna)
  expect(annas.code).toBe(1)
  expect(annas.output).toContain('(failing: still: Record must have the property "title")')
  expect((await own(ben)).output).toContain('(failing: the function threw: no idea)')
  const wrong = await lexicons('repair', [...args, ben.handle], { LEXICONS_PASSWORD: 'no' })
  expect(wrong.code).toBe(1)
  expect(wrong.output).toContain(`not opened: ${ben.handle}: Invalid identifier or password`)
})

test('a repair goes on where it was, and one of another function begins anew', async () => {
  const many = Object.fromEntries(
    Array.from({ length: 101 }, (_, n) => [`n${String(n).padStart(3, '0')}`, { text: `${n}` }]),
  )
  await write(ben, many)
  const state = join(project, 'state')
  // The second page is never finished: its last record kills the process.
  const path =
    withFunction(`  if (about.uri.endsWith('/d') && !process.env.PDS_GO_ON) process.kill(process.pid, 'SIGKILL')
  return { ...record, title: 'given' }`)
  const password = await appPasswordOf(ben)
  const run = (file: string, env: Record<string, string> = {}) =>
    lexicons('repair', ['--with', file, '--state', state, '--account', ben.handle], {
      ...{ LEXICONS_PASSWORD: password, ...env },
    })
  expect((await run(path)).code).toBe(null)
  expect(JSON.parse(readFileSync(state, 'utf8')).accounts[ben.did]).toEqual({ after: 'n001' })
  const { code, output } = await run(path, { PDS_GO_ON: '1' })
  expect(output).toContain('going on where')
  expect(output).toContain('2 records looked at, 1 repaired')
  expect(code).toBe(0)
  expect(await noteOf(ben, 'd')).toMatchObject({ title: 'given' })
  expect(await noteOf(ben, 'n000')).toMatchObject({ title: 'given' })

  const { output: again } = await check()
  expect(again).toContain('2 of 106 records would be refused')
})
