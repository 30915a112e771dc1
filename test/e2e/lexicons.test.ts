/**
 * Lexicons from the network, with real parts: an account on one host publishes them with the command, DNS and a PLC
 * directory lead there, and other hosts validate with them.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { defs, entry, guestBook, lexicon, put, sign } from '../../codegen/testing/project.ts'
import { operatorOf } from '../support/accounts.ts'
import { startDns, type TestDns } from '../support/dns.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { HANDLE, PASSWORD, startServer, type TestServer } from '../support/server.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const NAME = '_lexicon.book.example.com'
const ENTRY = 'com.example.book.entry'
const PUBLISHER = 'lexicons.test'

let plc: TestPlc
let dns: TestDns
/** Where lexicons are published; in the mode `known`. */
let authority: TestServer
let resolving: TestServer
let strict: TestServer
let publisher: string
/** The operator's project, with the lexicons that are published. */
let project: string

beforeAll(async () => {
  plc = await startPlc()
  dns = await startDns()
  const env = { PDS_DID_PLC_URL: plc.url, PDS_DOH_URL: dns.url }
  authority = await startServer({ env })
  resolving = await startServer({ env: { ...env, PDS_LEXICON_MODE: 'resolve' } })
  strict = await startServer({ env: { ...env, PDS_LEXICON_MODE: 'strict' } })
  const { data } = await new AtpAgent({
    service: authority.origin,
  }).com.atproto.server.createAccount(
    { handle: PUBLISHER, password: PASSWORD },
    { headers: { authorization: operatorOf(authority) }, encoding: 'application/json' },
  )
  publisher = data.did
  project = mkdtempSync(join(tmpdir(), 'cumulus-lexicons-'))
  put(project, guestBook)
})

afterAll(async () => {
  await Promise.all([authority, resolving, strict].map((server) => server?.stop()))
  await plc?.stop()
  await dns?.stop()
  if (project) rmSync(project, { recursive: true })
})

interface Ran {
  status: number
  stdout: string
  stderr: string
}

/** Runs a command of this project; not in this process, whose servers it talks to. */
function run(script: string, ...args: string[]): Promise<Ran> {
  const env = {
    PATH: process.env.PATH,
    PDS_DID_PLC_URL: plc.url,
    PDS_DOH_URL: dns.url,
    PDS_DISABLE_SSRF_PROTECTION: 'true',
    LEXICONS_PASSWORD: PASSWORD,
  }
  return new Promise((resolve) => {
    const done = (error: Error | null, stdout: string, stderr: string) =>
      resolve({ status: error && 'code' in error ? Number(error.code) : 0, stdout, stderr })
    execFile(process.execPath, [join(ROOT, script), ...args], { env }, done)
  })
}

const publish = (...args: string[]) =>
  run(
    'cli/cumulus.ts',
    ...['lexicons', 'publish'],
    ...['--root', project, '--account', publisher, '--namespace', 'com.example', ...args],
  )

const signIn = async ({ origin }: TestServer) => {
  const agent = new AtpAgent({ service: origin })
  await agent.login({ identifier: HANDLE, password: PASSWORD })
  return agent
}

const create = (agent: AtpAgent, record: object, more: object = {}) =>
  agent.com.atproto.repo
    .createRecord({
      repo: agent.assertDid,
      collection: ENTRY,
      record: { ...record },
      ...more,
    })
    .then(({ data }) => data.validationStatus)

const refusal = (message: RegExp) => ({
  status: 400,
  error: 'InvalidRequest',
  message: expect.stringMatching(message),
})

describe('lexicons are published by the command', () => {
  test('after a look at what it would do', async () => {
    const { status, stdout } = await publish('--dry-run')
    expect(status).toBe(3)
    expect(stdout).toContain(`+ ${ENTRY}\n`)
    expect(stdout).toContain('4 lexicons: 4 added')
    expect(await publish('--dry-run')).toMatchObject({ stdout })
  })

  test('which says what DNS is to have until it has it', async () => {
    const first = await publish()
    expect(first.stdout).toContain(`DNS: set ${NAME} TXT "did=${publisher}" (there is none now)\n`)
    expect(first).toMatchObject({ status: 3, stderr: '' })
    dns.records.set(NAME, ['did=did:web:elsewhere.example.com'])
    expect((await publish()).stdout).toContain('(now it says did=did:web:elsewhere.example.com)')
    dns.records.set(NAME, [`did=${publisher}`])
    const last = await publish()
    expect(last).toMatchObject({ status: 0, stderr: '' })
    expect(last.stdout).toMatch(/^= com\.example\.book\.defs\n/)
    expect(last.stdout).toMatch(/4 lexicons: 4 same \(did:plc:\w+, \d+\.\d\d s\)\n$/)
  })

  test('as records of an account, all in one commit', async () => {
    const agent = new AtpAgent({ service: authority.origin })
    const { data } = await agent.com.atproto.repo.listRecords({
      repo: publisher,
      collection: 'com.atproto.lexicon.schema',
    })
    expect(data.records.map(({ uri }) => uri.split('/').at(-1)).sort()).toEqual([
      'com.example.book.defs',
      'com.example.book.entry',
      'com.example.book.list',
      'com.example.book.sign',
    ])
  })

  test('under keys that are names, whoever writes them', async () => {
    const agent = await signIn(authority)
    const write = (rkey: string, lexicon: unknown) =>
      agent.com.atproto.repo.putRecord({
        repo: agent.assertDid,
        collection: 'com.atproto.lexicon.schema',
        rkey,
        record: { lexicon },
      })
    await expect(write('self', 1)).rejects.toMatchObject(refusal(/the lexicon wants nsid/))
    await expect(write('com.example.a.b', 'one')).rejects.toMatchObject(refusal(/integer/))
    expect((await write('com.example.a.b', 1)).data.validationStatus).toBe('valid')
  })

  test.each<[string[], RegExp]>([
    [['--server', 'http://pds.example.com'], /no server to send a password to/],
    [['--namespace', 'com.example.none'], /has nothing below com\.example\.none/],
    [['--frce'], /unknown option --frce/],
  ])('unless the command line makes no sense: %j', async (args, message) => {
    const { status, stderr } = await publish(...args)
    expect(stderr).toMatch(message)
    expect(status).toBe(2)
  })
})

/** `@atproto/api` refuses every answer of this method: it has no way to check what refers to a record type. */
async function resolve({ origin }: TestServer, nsid: string): Promise<unknown> {
  const response = await fetch(`${origin}/xrpc/com.atproto.lexicon.resolveLexicon?nsid=${nsid}`)
  expect(response.status).toBe(200)
  return response.json()
}

describe('another host', () => {
  test('answers what is published, and says where', async () => {
    const data = await resolve(resolving, ENTRY)
    const written = JSON.parse(
      readFileSync(join(project, 'lexicons/com/example/book/entry.json'), 'utf8'),
    )
    expect(data).toEqual({
      uri: `at://${publisher}/com.atproto.lexicon.schema/${ENTRY}`,
      cid: expect.stringMatching(/^bafyrei/),
      schema: { ...written, $type: 'com.atproto.lexicon.schema' },
    })
  })

  test.each(['com.example.book.none', 'org.example.none.entry'])(
    'says that nothing is published: %s',
    async (nsid) => {
      const agent = new AtpAgent({ service: resolving.origin })
      await expect(agent.com.atproto.lexicon.resolveLexicon({ nsid })).rejects.toMatchObject({
        status: 400,
        error: 'LexiconNotFound',
      })
    },
  )

  test('is asked about its own lexicons like about others', async () => {
    expect(await resolve(authority, ENTRY)).toMatchObject({
      uri: expect.stringContaining(publisher),
    })
  })
})

describe('a record of a collection that is not in the tree', () => {
  const NOWHERE = { collection: 'org.example.none.entry' }

  test('is taken as it is in the mode "known"', async () => {
    const agent = await signIn(authority)
    expect(await create(agent, { anything: 1 })).toBe('unknown')
    await expect(create(agent, {}, { validate: true })).rejects.toMatchObject({
      message: `Unknown lexicon type: ${ENTRY}`,
    })
  })

  test.each([
    ['resolve', () => resolving],
    ['strict', () => strict],
  ])('is validated with the lexicon of the network in the mode "%s"', async (_, server) => {
    const agent = await signIn(server())
    expect(await create(agent, { text: 'hello' })).toBe('valid')
    expect(await create(agent, { text: 'hello', tone: { loud: true } }, { validate: true })).toBe(
      'valid',
    )
    await expect(create(agent, {})).rejects.toMatchObject(
      refusal(/^Invalid record: Record must have the property "text"$/),
    )
    await expect(create(agent, { text: '', tone: { loud: 1 } })).rejects.toMatchObject(
      refusal(/^Invalid record: Record\/tone\/loud must be a boolean$/),
    )
    await expect(create(agent, { text: 'hello' }, { rkey: 'self' })).rejects.toMatchObject(
      refusal(/the lexicon wants tid/),
    )
    expect(await create(agent, {}, { validate: false })).toBeUndefined()
  })

  test('without a lexicon anywhere is taken as unknown in the mode "resolve"', async () => {
    const agent = await signIn(resolving)
    expect(await create(agent, {}, NOWHERE)).toBe('unknown')
    await expect(create(agent, {}, { ...NOWHERE, validate: true })).rejects.toMatchObject(
      refusal(/^Unknown lexicon type: org\.example\.none\.entry \(DNS has no did=/),
    )
  })

  test('without a lexicon anywhere is refused in the mode "strict", unless nobody wants it validated', async () => {
    const agent = await signIn(strict)
    await expect(create(agent, {}, NOWHERE)).rejects.toMatchObject(refusal(/^Unknown lexicon type/))
    expect(await create(agent, {}, { ...NOWHERE, validate: false })).toBeUndefined()
  })

  test('is validated in a batch too, together with others', async () => {
    const agent = await signIn(resolving)
    const write = (collection: string, value: object) => ({
      $type: 'com.atproto.repo.applyWrites#create' as const,
      collection,
      value: { ...value },
    })
    const { data } = await agent.com.atproto.repo.applyWrites({
      repo: agent.assertDid,
      writes: [
        write(ENTRY, { text: 'one' }),
        write(NOWHERE.collection, {}),
        write('app.bsky.feed.post', { text: 'two', createdAt: new Date().toISOString() }),
      ],
    })
    expect(
      data.results?.map((result) => 'validationStatus' in result && result.validationStatus),
    ).toEqual(['valid', 'unknown', 'valid'])
    const writes = [write(ENTRY, { text: 'one' }), write(ENTRY, { text: 1 })]
    await expect(
      agent.com.atproto.repo.applyWrites({ repo: agent.assertDid, writes }),
    ).rejects.toMatchObject(refusal(/^Write 1: Invalid record: Record\/text must be a string$/))
  })

  test('is known again after a restart, also while its authority is away', async () => {
    const { dataDirectory, stop } = strict
    await stop()
    dns.records.delete(NAME)
    const env = {
      PDS_DID_PLC_URL: plc.url,
      PDS_DOH_URL: dns.url,
      PDS_LEXICON_MODE: 'strict',
    }
    strict = await startServer({ dataDirectory, env })
    dns.requests.length = 0
    expect(await create(await signIn(strict), { text: 'still here' })).toBe('valid')
    expect(dns.requests).toEqual([])
    dns.records.set(NAME, [`did=${publisher}`])
  })
})

describe('the lexicon that is published next', () => {
  const withTitle = lexicon(ENTRY, {
    main: {
      type: 'record',
      key: 'tid',
      record: {
        type: 'object',
        required: ['text', 'title'],
        properties: {
          text: { type: 'string', maxLength: 300 },
          title: { type: 'string' },
          photo: { type: 'blob', accept: ['image/png'], maxSize: 10 },
          tone: { type: 'ref', ref: 'com.example.book.defs#tone' },
        },
      },
    },
  })

  test('may not break the one before, unless it is forced', async () => {
    put(project, withTitle)
    const refused = await publish()
    expect(refused.status).toBe(1)
    expect(refused.stderr).toMatch(/breaking {2}com\.example\.book\.entry .*title/)
    expect(refused.stderr).toContain('nothing was published')
    const forced = await publish('--force')
    expect(forced).toMatchObject({ status: 0, stdout: expect.stringContaining(`~ ${ENTRY}\n`) })
  })

  test('stays published when it is gone from the tree, unless it is pruned', async () => {
    rmSync(join(project, 'lexicons/com/example/book/sign.json'))
    expect((await publish()).stdout).toContain(
      '? com.example.book.sign  (no longer in lexicons/; --prune removes it)\n',
    )
    expect((await publish('--prune')).stdout).toContain('- com.example.book.sign\n')
    expect((await publish()).stdout).not.toContain('sign')
    put(project, sign)
  })

  test('says which blobs records may have', async () => {
    const fresh = await startServer({
      env: { PDS_DID_PLC_URL: plc.url, PDS_DOH_URL: dns.url, PDS_LEXICON_MODE: 'resolve' },
    })
    try {
      const agent = await signIn(fresh)
      const { data } = await agent.uploadBlob(new Uint8Array([1, 2, 3]), { encoding: 'image/gif' })
      await expect(
        create(agent, { text: 'a', title: 'b', photo: data.blob }),
      ).rejects.toMatchObject(refusal(/Record\/photo .*image\/png/))
    } finally {
      await fresh.stop()
    }
  })
})

describe('lexicons of the network are pulled into a tree', () => {
  let tree: string
  beforeAll(() => {
    tree = mkdtempSync(join(tmpdir(), 'cumulus-tree-'))
    put(tree, lexicon('com.other.thing', { main: { type: 'token' } }))
  })
  afterAll(() => rmSync(tree, { recursive: true }))

  const pull = (...args: string[]) =>
    run('cli/cumulus.ts', 'lexicons', 'pull', '--root', tree, ...args)
  const lock = () => JSON.parse(readFileSync(join(tree, 'lexicons.lock.json'), 'utf8'))
  const file = (name: string) => readFileSync(join(tree, 'lexicons/com/example/book', name), 'utf8')

  test('with everything that they refer to, and the generator takes them', async () => {
    const { status, stdout, stderr } = await pull(ENTRY)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(
      new RegExp(`^\\+ com\\.example\\.book\\.defs {2}\\(from ${publisher}\\)\n\\+ ${ENTRY} `),
    )
    expect(Object.keys(lock().lexicons)).toEqual(['com.example.book.defs', ENTRY])
    expect(lock().lexicons[ENTRY]).toEqual({ did: publisher, cid: expect.stringMatching(/^baf/) })
    expect(JSON.parse(file('defs.json'))).toEqual(Object.values(defs)[0])
    expect(file('entry.json')).toMatch(
      /^\{\n {2}"lexicon": 1,\n {2}"id": .*\n {2}"defs": \{\n {4}"main": \{\n {6}"type"/,
    )
    expect(await run('codegen/cli.ts', '--root', tree)).toMatchObject({ status: 0, stderr: '' })
  })

  test('once: the next run has nothing to do, and asks nobody', async () => {
    dns.requests.length = 0
    const silent = { status: 0, stdout: '', stderr: '' }
    expect(await pull(ENTRY)).toEqual(silent)
    expect(await pull()).toEqual(silent)
    expect(await pull('--check')).toEqual(silent)
    expect(dns.requests).toEqual([])
    expect(await pull('--update')).toEqual(silent)
  })

  test('and again where a file was lost', async () => {
    rmSync(join(tree, 'lexicons/com/example/book/defs.json'))
    expect(await pull('--check')).toMatchObject({ status: 1, stdout: '- com.example.book.defs\n' })
    expect((await pull()).stdout).toContain('+ com.example.book.defs')
    expect(await pull('--check')).toMatchObject({ status: 0 })
  })

  test('in their newest version when that is wanted', async () => {
    put(project, entry)
    await publish('--force')
    expect((await pull()).stdout).toBe('')
    expect((await pull('--update')).stdout).toMatch(new RegExp(`^~ ${ENTRY} `))
    expect(file('entry.json')).not.toContain('title')
  })

  test('but never over what was edited or written here', async () => {
    put(tree, lexicon(ENTRY, { main: { type: 'token' } }))
    expect(await pull('--check')).toMatchObject({ status: 1, stdout: `~ ${ENTRY}\n` })
    const kept = await pull('--update')
    expect(kept).toMatchObject({ status: 1, stdout: expect.stringMatching(/^! .*was edited here/) })
    expect(file('entry.json')).toContain('token')
    expect((await pull('--force', ENTRY)).stdout).toMatch(/^~ /)
    expect(file('entry.json')).not.toContain('token')
    put(tree, lexicon('com.example.book.list', { main: { type: 'token' } }))
    const own = await pull('com.example.book.list')
    expect(own).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/^! .*did not come from/),
    })
  })

  test('all or none: a name that leads nowhere changes nothing', async () => {
    const { status, stdout, stderr } = await pull('com.example.book.sign', 'org.example.none.entry')
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toBe('DNS has no did=… at _lexicon.none.example.org\n')
    expect(Object.keys(lock().lexicons)).not.toContain('com.example.book.sign')
    expect(await pull('nonsense')).toMatchObject({ status: 2 })
  })
})
