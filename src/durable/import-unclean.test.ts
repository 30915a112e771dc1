/** Imports of records that break the rules of the data model, as real repositories have them. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { TID } from '@atproto/common-web'
import { encode } from '@atproto/lex-cbor'
import { ui8Concat } from '@atproto/lex-data'
import { readCarWithRoot } from '@atproto/repo'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { type CidBytes, cidOf, cidString } from '../kernel/cbor/cid.ts'
import { SigningKey } from '../kernel/crypto/signing-key.ts'
import { accountStub, hostObjects } from '../services/objects/stubs.ts'
import { type CarBlock, carFile } from '../storage/car.ts'
import { callAs, makeAccount, send, type TestAccount } from '../testing/host.ts'
import { repositoryBlocks, signedRepository } from '../testing/signed-repository.ts'
import { floatItem, mapItem, readableRecord, unreadableRecord } from '../testing/unclean.ts'

const objects = hostObjects(env)
const key = SigningKey.generate()
const collection = 'com.example.note'

const streamOf = (file: Uint8Array) => new Response(file as BufferSource).body as ReadableStream
const importInto = ({ did }: TestAccount, file: Uint8Array) =>
  objects.account(did).repository.importCar(streamOf(file), [key.did()])

const repositoryOf = ({ did }: TestAccount, records: Record<string, Uint8Array>) =>
  signedRepository({ did, key, records })

async function exported({ did }: TestAccount, since = ''): Promise<Uint8Array> {
  const answer = await send(`/xrpc/com.atproto.sync.getRepo?did=${did}&since=${since}`)
  return new Uint8Array(await answer.arrayBuffer())
}

/** The blocks of a file by CID, all but the commit, which this host signs anew. */
async function contents(file: Uint8Array): Promise<Map<string, Uint8Array>> {
  const { root, blocks } = await readCarWithRoot(file)
  blocks.delete(root)
  return new Map(blocks.entries().map(({ cid, bytes }) => [cid.toString(), new Uint8Array(bytes)]))
}

const read = ({ did }: TestAccount, rkey: string) =>
  send(`/xrpc/com.atproto.repo.getRecord?repo=${did}&collection=${collection}&rkey=${rkey}`)

const withFloat = mapItem([['a', floatItem(1)]]).bytes
const clean = encode({ text: 'clean' })

test('whatever the records are, they are exported byte for byte and read as far as they can be', async () => {
  const account = await makeAccount()
  const records = fc.record({
    readable: fc.array(readableRecord, { maxLength: 4 }),
    unreadable: fc.array(unreadableRecord, { maxLength: 2 }),
  })
  await fc.assert(
    fc.asyncProperty(records, async ({ readable, unreadable }) => {
      const all = [...readable.map(({ bytes }) => bytes), ...unreadable]
      const file = repositoryOf(
        account,
        Object.fromEntries(all.map((block, index) => [`${collection}/r${index}`, block])),
      )
      const unclean = await importInto(account, file)
      expect(await contents(await exported(account))).toEqual(await contents(file))
      expect(unclean.records.filter(({ readable }) => !readable)).toHaveLength(unreadable.length)

      for (const [index] of all.entries()) {
        const { status } = await read(account, `r${index}`)
        expect(status).toBe(index < readable.length ? 200 : 400)
      }
      const values = readable.map(({ json }) => json)
      const list = await send(
        `/xrpc/com.atproto.repo.listRecords?repo=${account.did}&collection=${collection}&reverse=true`,
      )
      const page = (await list.json()) as { records: { value: unknown }[] }
      expect(page.records.map(({ value }) => value)).toEqual(values)
      for (const [index, block] of all.entries()) {
        const proof = await send(
          `/xrpc/com.atproto.sync.getRecord?did=${account.did}&collection=${collection}&rkey=r${index}`,
        )
        const found = await contents(new Uint8Array(await proof.arrayBuffer()))
        expect(found.get(cidString(cidOf(block)))).toEqual(new Uint8Array(block))
      }
    }),
    { numRuns: 60, seed: 20261126 },
  )
})

test('records that break the rules are named with the reason, the first hundred of them', async () => {
  const account = await makeAccount()
  const records = Object.fromEntries(
    Array.from({ length: 150 }, (_, n) => [
      `${collection}/${String(n).padStart(3, '0')}`,
      withFloat,
    ]),
  )
  records[`${collection}/a-list`] = new Uint8Array([0x80])
  const { count, records: named } = await importInto(account, repositoryOf(account, records))
  expect(count).toBe(151)
  expect(named).toHaveLength(100)
  expect(named[0]).toEqual({
    path: `${collection}/000`,
    reason: 'a number is a float',
    readable: true,
  })

  // Its own export is signed with its own key.
  const log = vi.spyOn(console, 'log')
  const answer = await send('/xrpc/com.atproto.repo.importRepo', {
    method: 'POST',
    headers: {
      authorization: `Bearer ${account.accessJwt}`,
      'content-type': 'application/vnd.ipld.car',
    },
    body: (await exported(account)) as BufferSource,
  })
  expect(answer.status).toBe(200)
  expect(await answer.json()).toEqual({ uncleanRecords: 151, records: named })
  const lines = log.mock.calls.map(([line]) => JSON.parse(String(line)) as { path?: string })
  expect(lines.filter(({ path }) => path?.startsWith(collection))).toHaveLength(100)
  expect(lines).toContainEqual(
    expect.objectContaining({ did: account.did, path: named[0]?.path, reason: named[0]?.reason }),
  )
  log.mockRestore()
})

test('a collection with capitals in its domain is kept and can be emptied', async () => {
  const account = await makeAccount()
  const name = 'COM.Example.note'
  const { records } = await importInto(account, repositoryOf(account, { [`${name}/a`]: clean }))
  expect(records).toEqual([
    { path: `${name}/a`, reason: 'its collection has capitals in the domain', readable: false },
  ])
  expect((await contents(await exported(account))).size).toBe(2)
  const input = { repo: account.did, collection: name, rkey: 'a' }
  expect((await callAs(account, 'com.atproto.repo.deleteRecord', input)).status).toBe(200)
  expect((await contents(await exported(account))).size).toBe(1)
})

test('a record that breaks the rules can be replaced and deleted, and not be written', async () => {
  const account = await makeAccount()
  const like = 'app.bsky.feed.like'
  const subject = { bytes: encode({ uri: 'at://did:web:a.test/a.b.c/d' }), json: null }
  const block = mapItem([
    ['subject', subject],
    ['a', floatItem(1.5)],
  ]).bytes
  const records = { [`${like}/a`]: block, [`${like}/b`]: new Uint8Array([0xff]) }
  await importInto(account, repositoryOf(account, records))
  const repo = account.did
  const record = { a: 1.5 }
  const put = { repo, collection, rkey: 'a', record }
  expect((await callAs(account, 'com.atproto.repo.putRecord', put)).status).toBe(400)
  for (const rkey of ['a', 'b']) {
    const input = { repo, collection: like, rkey }
    expect((await callAs(account, 'com.atproto.repo.deleteRecord', input)).status).toBe(200)
  }
  expect((await contents(await exported(account))).size).toBe(1)
})

test.each([1_500_000, 1_500_001, 3_000_000, 8_000_000])(
  'a record of %i bytes is kept whole, until it is deleted',
  async (size) => {
    const account = await makeAccount()
    const large = encode({ text: 'x'.repeat(size) }).slice(0)
    const records = { [`${collection}/a`]: large, [`${collection}/b`]: clean }
    const blocks = repositoryBlocks({ did: account.did, key, records })
    const root = blocks[0][0]
    // In order, and with its blocks the other way round.
    for (const list of [blocks, blocks.toReversed()]) {
      const file = carFile(root, list)
      const { records: named } = await importInto(account, file)
      expect(named).toMatchObject([{ path: `${collection}/a`, readable: true }])
      expect(await contents(await exported(account))).toEqual(await contents(file))
    }
    const answer = (await (await read(account, 'a')).json()) as { value: { text: string } }
    expect(answer.value.text.length).toBe(size)
    const cid = cidString(cidOf(large))
    const got = await send(`/xrpc/com.atproto.sync.getBlocks?did=${account.did}&cids=${cid}`)
    expect((await got.arrayBuffer()).byteLength).toBeGreaterThan(size)
    const input = { repo: account.did, collection, rkey: 'a' }
    await callAs(account, 'com.atproto.repo.deleteRecord', input)
    expect((await contents(await exported(account))).size).toBe(2)
    await runInDurableObject(accountStub(env, account.did), (_, { storage }) => {
      expect(storage.sql.exec('SELECT count(*) AS pieces FROM block_part').one().pieces).toBe(0)
    })
  },
)

test('a large record that would be several times as large in JSON is not shown as JSON', async () => {
  const account = await makeAccount()
  const large = encode({ text: '\0'.repeat(5_000_000) })
  const { records } = await importInto(
    account,
    repositoryOf(account, { [`${collection}/a`]: large }),
  )
  expect(records).toMatchObject([{ path: `${collection}/a`, readable: false }])
  expect((await read(account, 'a')).status).toBe(400)
})

test('a record that is larger than that is refused, with the bound', async () => {
  const account = await makeAccount()
  const records = { [`${collection}/a`]: encode({ text: 'x'.repeat(9_000_000) }) }
  await expect(importInto(account, repositoryOf(account, records))).rejects.toMatchObject({
    message: expect.stringMatching(/too large: more than \d+ bytes/),
  })
})

describe('blocks that belong to nothing', () => {
  const bytes = new TextEncoder().encode('anything')
  const sha256 = cidOf(bytes).subarray(4)
  const digest = (length: number) => new Uint8Array(length).fill(7)
  const cidWith = (...head: number[]) => ui8Concat([new Uint8Array(head), sha256])

  test.each<[string, CidBytes]>([
    ['raw', cidWith(1, 0x55, 0x12, 32)],
    ['DAG-PB', cidWith(1, 0x70, 0x12, 32)],
    ['a CID of version 0', cidWith(0x12, 32)],
    ['a codec of two bytes', cidWith(1, 0x81, 0x01, 0x12, 32)],
    ['BLAKE3', ui8Concat([new Uint8Array([1, 0x71, 0x1e, 32]), digest(32)])],
    ['SHA-512', ui8Concat([new Uint8Array([1, 0x71, 0x13, 64]), digest(64)])],
  ])('may lie in the file: %s', async (_, cid) => {
    const account = await makeAccount()
    const blocks = repositoryBlocks({
      did: account.did,
      key,
      records: { [`${collection}/a`]: clean },
    })
    const [commit, ...others] = blocks
    for (const list of [
      [commit, [cid, bytes] as CarBlock, ...others],
      [...blocks, [cid, bytes] as CarBlock],
    ]) {
      expect(await importInto(account, carFile(commit[0], list))).toEqual({ count: 0, records: [] })
    }
    expect((await contents(await exported(account))).size).toBe(2)
  })

  test.each<[string, Uint8Array]>([
    ['does not match its CID', ui8Concat([new Uint8Array([1, 0x70, 0x12, 32]), digest(32)])],
    ['has no valid CID', new Uint8Array([2, 0x71, 0x12, 32])],
    ['has no valid CID', new Uint8Array([1, 0x71, 0x12, 0xff])],
  ])('are checked all the same: one that %s', async (message, cid) => {
    const account = await makeAccount()
    const [commit, ...others] = repositoryBlocks({ did: account.did, key, records: {} })
    const file = carFile(commit[0], [commit, ...others, [cid, bytes]])
    await expect(importInto(account, file)).rejects.toMatchObject({
      message: expect.stringContaining(message),
    })
  })
})

describe('a file of changes', () => {
  test('is taken in on top of what it changes, and on nothing else', async () => {
    const account = await makeAccount()
    const records = Object.fromEntries(
      Array.from({ length: 400 }, (_, n) => [`${collection}/r${n}`, encode({ n })]),
    )
    const before = repositoryBlocks({ did: account.did, key, records })
    records[`${collection}/r7`] = withFloat
    records[`${collection}/new`] = clean
    delete records[`${collection}/r9`]
    const after = repositoryBlocks({ did: account.did, key, records })
    const known = new Set(before.map(([cid]) => cidString(cid)))
    const changes = after.filter(([cid]) => !known.has(cidString(cid)))
    expect(changes.length).toBeLessThan(20)
    const file = carFile(after[0][0], changes)

    await expect(importInto(account, file)).rejects.toMatchObject({
      message: expect.stringContaining('A block is missing'),
    })
    await importInto(account, carFile(before[0][0], before))
    expect(await importInto(account, file)).toMatchObject({ count: 1 })
    const whole = await contents(carFile(after[0][0], after))
    expect(await contents(await exported(account))).toEqual(whole)
  })

  test('that says too little is refused, and names what is missing', async () => {
    const account = await makeAccount()
    const records = { [`${collection}/a`]: clean }
    const blocks = repositoryBlocks({ did: account.did, key, records })
    const file = carFile(blocks[0][0], blocks.slice(0, -1))
    await expect(importInto(account, file)).rejects.toMatchObject({
      message: `A block is missing: ${cidString(cidOf(clean))}`,
    })
  })
})

describe('the rev after an import', () => {
  const revOf = ({ did }: TestAccount) =>
    objects
      .account(did)
      .repository.latestCommit()
      .then(({ rev }) => rev)

  test('is later than that of the file and that of the account', async () => {
    const account = await makeAccount()
    const before = await revOf(account)
    // A clock that is a minute ahead.
    const rev = TID.fromTime((Date.now() + 60_000) * 1000, 0).toString()
    for (const imported of [rev, '3l2s5poxi422p']) {
      await importInto(
        account,
        signedRepository({ did: account.did, key, records: {}, rev: imported }),
      )
      const now = await revOf(account)
      expect(now > imported && now > before).toBe(true)
    }
  })

  test('is not led astray by one in the far future, or by one that is none', async () => {
    const account = await makeAccount()
    for (const rev of ['7zzzzzzzzzzzz', 'not a rev']) {
      await importInto(account, signedRepository({ did: account.did, key, records: {}, rev }))
      expect((await revOf(account)) < '4').toBe(true)
    }
  })
})
