/** Answers that grow with what is stored have a limit in bytes. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { TID } from '@atproto/common-web'
import type { LexValue } from '@atproto/lex-data'
import { beforeAll, expect, test } from 'vitest'
import type { AccountRpc } from '../../contracts/account.ts'
import { cidOf, cidString } from '../../kernel/cbor/cid.ts'
import { encode } from '../../kernel/cbor/encode.ts'
import { rpcClient } from '../../services/objects/client.ts'
import { accountStub } from '../../services/objects/stubs.ts'
import { readImport } from '../../storage/account/import.ts'
import type { InviteCursor } from '../../storage/directory/invite-code.ts'
import { Invites } from '../../storage/directory/invites.ts'
import { keyLayer } from '../../storage/mst/layer.ts'
import { insertRows } from '../../storage/sql.ts'
import { record, withAccount } from '../../testing/account-parts.ts'
import { makeAccount, send } from '../../testing/host.ts'

const collection = 'com.example.large'
/** As large as a record may be, nearly. */
const SIZE = 930_000
const COUNT = 75
const MIB = 1024 * 1024

let did: string
const cids: string[] = []

const write = async (path: string, text: LexValue) => {
  const [nsid = '', rkey = ''] = path.split('/')
  const block = encode({ $type: nsid, text })
  const record = { cid: cidOf(block), block, blobs: [] }
  await rpcClient<AccountRpc>(accountStub(env, did)).repository.write({
    writes: [{ action: 'create', collection: nsid, rkey, record }],
  })
  return cidString(record.cid)
}

beforeAll(async () => {
  did = (await makeAccount()).did
  for (let n = 0; n < COUNT; n++) {
    const rkey = String(n).padStart(3, '0')
    cids.push(await write(`${collection}/${rkey}`, rkey.padEnd(SIZE, 'x')))
  }
})

test('a page of large records ends at 2 MiB with a cursor, and the pages have all records', async () => {
  for (const reverse of [false, true]) {
    const seen: string[] = []
    let cursor = ''
    do {
      const query = `repo=${did}&collection=${collection}&limit=100&reverse=${reverse}${cursor}`
      const response = await send(`/xrpc/com.atproto.repo.listRecords?${query}`)
      const text = await response.text()
      expect(text.length).toBeLessThan(2.1 * MIB)
      const page = JSON.parse(text) as { records: { uri: string }[]; cursor?: string }
      // The last page may be empty, and has no cursor then.
      expect(page.cursor === undefined).toBe(page.records.length === 0)
      seen.push(...page.records.map(({ uri }) => uri.split('/').at(-1) ?? ''))
      cursor = page.cursor === undefined ? '' : `&cursor=${page.cursor}`
    } while (cursor !== '')
    const all = Array.from({ length: COUNT }, (_, n) => String(n).padStart(3, '0'))
    expect(seen).toEqual(reverse ? all : all.reverse())
  }
})

test('a page whose records are a dozen times as long as JSON ends at 8 MiB of it, and the pages have all that have a form', async () => {
  const name = 'com.example.long'
  const rkeys = ['a', 'b', 'c']
  // A byte in the block is thirteen characters: `{"$bytes":""}`.
  for (const rkey of rkeys) await write(`${name}/${rkey}`, Array(300_000).fill(new Uint8Array()))
  await write(`${name}/too-long`, Array(650_000).fill(new Uint8Array()))
  const query = `repo=${did}&collection=${name}`
  const seen: string[] = []
  let cursor = ''
  do {
    const response = await send(`/xrpc/com.atproto.repo.listRecords?${query}${cursor}`)
    const text = await response.text()
    expect(text.length).toBeLessThan(8.1 * MIB)
    const page = JSON.parse(text) as { records: { uri: string }[]; cursor?: string }
    seen.push(...page.records.map(({ uri }) => uri.split('/').at(-1) ?? ''))
    cursor = page.cursor === undefined ? '' : `&cursor=${page.cursor}`
  } while (cursor !== '')
  expect(seen).toEqual(rkeys.toReversed())
  const alone = await send(`/xrpc/com.atproto.repo.getRecord?${query}&rkey=too-long`)
  expect(await alone.json()).toMatchObject({ message: expect.stringMatching('no JSON form') })
})

test('blocks are given out up to 4 MiB at once; one always', async () => {
  const get = (wanted: string[]) =>
    send(`/xrpc/com.atproto.sync.getBlocks?did=${did}&cids=${wanted.join('&cids=')}`)
  const some = await get(cids.slice(0, 4))
  expect(some.status).toBe(200)
  expect((await some.arrayBuffer()).byteLength).toBeLessThan(4 * MIB)
  const tooMany = await get(cids.slice(0, 5))
  expect(await tooMany.json()).toMatchObject({ error: 'InvalidRequest' })
  // The same one again is one block.
  const [cid = ''] = cids
  expect((await get([cid, cid, cid, cid, cid])).status).toBe(200)
})

test('what a lagging service does not show yet is read up to 2 MiB, the newest first', async () => {
  const since = TID.nextStr()
  const rkeys: string[] = []
  for (let n = 0; n < 5; n++) {
    const rkey = TID.nextStr(rkeys.at(-1))
    rkeys.push(rkey)
    await write(`app.bsky.feed.post/${rkey}`, 'x'.repeat(SIZE))
  }
  const repository = rpcClient<AccountRpc>(accountStub(env, did)).repository
  const recent = await repository.recentRecords(since)
  expect(recent?.posts.map(({ rkey }) => rkey)).toEqual(rkeys.slice(-2))
})

test('a repository with a tree node of more than 256 KiB, which every proof would have, is not imported', () =>
  withAccount(async ({ repo, key, profile, sql }) => {
    const { did: own } = profile.get()
    const paths = Array.from({ length: 9000 }, (_, n) => `${collection}/${'k'.repeat(60)}${n}`)
    // Keys of one layer are in one node.
    const flat = paths.filter((path) => keyLayer(path) === 0)
    for (let from = 0; from < flat.length; from += 200) {
      repo.write(own, key, {
        writes: flat.slice(from, from + 200).map((path) => {
          const rkey = path.slice(collection.length + 1)
          return { action: 'create', collection, rkey, record: record('same') }
        }),
      })
    }
    const head = repo.head()
    const car = repo.export()
    const signingKeys = [key.did()]
    await expect(
      readImport(sql, car, { did: own, signingKeys, after: head.rev, maxSize: 1e9 }),
    ).rejects.toThrow('too large')
  }))

test('a page of invite codes ends after ten thousand uses, and the pages have all codes', async () => {
  const stub = env.DIRECTORY.get(env.DIRECTORY.idFromName('many uses'))
  await runInDurableObject(stub, (_, { storage: { sql } }) => {
    const invites = new Invites(sql)
    const codes = ['a', 'b', 'c', 'd'].map((code) => `code-${code}`)
    invites.add(
      codes.map((code) => ({ code, available: 1e6, forAccount: 'admin', createdBy: 'admin' })),
    )
    insertRows(
      sql,
      'INSERT INTO invite_use (code, used_by, used_at)',
      codes.flatMap((code) =>
        Array.from({ length: code === 'code-b' ? 11_000 : 4000 }, (_, n) => [
          code,
          `did:web:u${n}`,
          'x',
        ]),
      ),
    )
    const pages: string[][] = []
    let after: InviteCursor | undefined
    do {
      const page = invites.list('recent', 100, after)
      pages.push(page.codes.map(({ code }) => code))
      after = page.next
    } while (after)
    expect(pages).toEqual([['code-d', 'code-c'], ['code-b'], ['code-a']])
  })
})
