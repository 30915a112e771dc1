/** Imports made to harm: what they take in memory and on the disk, and what reads their records. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { encode } from '@atproto/lex-cbor'
import { expect, test } from 'vitest'
import { cidString } from '../kernel/cbor/cid.ts'
import { SigningKey } from '../kernel/crypto/signing-key.ts'
import { accountStub, hostObjects } from '../services/objects/stubs.ts'
import { recordValue } from '../services/records/json.ts'
import { readImport } from '../storage/account/import.ts'
import { carFile } from '../storage/car.ts'
import { makeAccount, send, type TestAccount } from '../testing/host.ts'
import { repositoryBlocks } from '../testing/signed-repository.ts'
import { mapItem, textItem } from '../testing/unclean.ts'

const key = SigningKey.generate()
const collection = 'com.example.note'

const streamOf = (file: Uint8Array) => new Response(file as BufferSource).body as ReadableStream
const importInto = ({ did }: TestAccount, file: Uint8Array) =>
  hostObjects(env).account(did).repository.importCar(streamOf(file), [key.did()])

/** A file with each block once. */
function repositoryOf({ did }: TestAccount, records: Record<string, Uint8Array>): Uint8Array {
  const blocks = repositoryBlocks({ did, key, records })
  const unique = new Map(blocks.map((block) => [cidString(block[0]), block]))
  return carFile(blocks[0][0], [...unique.values()])
}

const read = ({ did }: TestAccount, rkey: string) =>
  send(`/xrpc/com.atproto.repo.getRecord?repo=${did}&collection=${collection}&rkey=${rkey}`)

test('a record that the official library makes no value of is read as JSON', async () => {
  const account = await makeAccount()
  const records = {
    [`${collection}/a`]: encode({ picture: { cid: 'none', mimeType: 'image/png' } }),
    [`${collection}/b`]: mapItem([['__proto__', { bytes: encode({ a: 1 }), json: null }]]).bytes,
  }
  await importInto(account, repositoryOf(account, records))
  expect(await (await read(account, 'a')).json()).toMatchObject({
    value: { picture: { cid: 'none', mimeType: 'image/png' } },
  })
  expect(await (await read(account, 'b')).text()).toContain('"value":{"__proto__":{"a":1}}')
  for (const block of Object.values(records)) expect(recordValue(block)).toBeUndefined()
})

test('a block that is the record at many keys counts at each', async () => {
  const account = await makeAccount()
  const block = encode({ text: 'x'.repeat(1_000_000) })
  const keys = Array.from({ length: 20 }, (_, n) => `${collection}/${n}`)
  const file = repositoryOf(account, Object.fromEntries(keys.map((path) => [path, block])))
  const options = { did: account.did, signingKeys: [key.did()], after: '', maxSize: 19_000_000 }
  expect(file.byteLength).toBeLessThan(1_100_000)
  await runInDurableObject(accountStub(env, account.did), (_, { storage }) =>
    expect(readImport(storage.sql, streamOf(file), options)).rejects.toMatchObject({
      name: 'PayloadTooLarge',
    }),
  )
})

test('a record that is many times as large as JSON is kept, and not read as that', async () => {
  const account = await makeAccount()
  const text = { bytes: textItem('\u0001'.repeat(3_000_000)), json: null }
  const { bytes } = mapItem([['text', text]])
  const { records } = await importInto(
    account,
    repositoryOf(account, { [`${collection}/a`]: bytes }),
  )
  expect(records).toMatchObject([{ path: `${collection}/a`, readable: false }])
  expect((await read(account, 'a')).status).toBe(400)
  const query = `did=${account.did}&collection=${collection}&rkey=a`
  const proof = await send(`/xrpc/com.atproto.sync.getRecord?${query}`)
  expect((await proof.arrayBuffer()).byteLength).toBeGreaterThan(bytes.byteLength)
})
