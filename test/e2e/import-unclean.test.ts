/** Repositories of other hosts with records that break the rules, moved here with the official client. */
import { AtpAgent } from '@atproto/api'
import { Secp256k1Keypair } from '@atproto/crypto'
import { encode } from '@atproto/lex-cbor'
import { readCarWithRoot } from '@atproto/repo'
import { createServiceJwt } from '@atproto/xrpc-server'
import { Client } from '@did-plc/lib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cidString } from '../../src/kernel/cbor/cid.ts'
import { SigningKey } from '../../src/kernel/crypto/signing-key.ts'
import { carFile } from '../../src/storage/car.ts'
import { repositoryBlocks } from '../../src/testing/signed-repository.ts'
import { floatItem, mapItem } from '../../src/testing/unclean.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

const collection = 'com.example.note'
const key = SigningKey.generate()

let server: TestServer
let plc: TestPlc

beforeAll(async () => {
  plc = await startPlc()
  server = await startServer({ env: { PDS_DID_PLC_URL: plc.url, PDS_REGISTRATION: 'open' } })
})

afterAll(async () => {
  await server.stop()
  await plc.stop()
})

/** An account whose identity still names the key of another host. */
async function newcomer(): Promise<AtpAgent> {
  const handle = 'newcomer.test'
  const signer = await Secp256k1Keypair.create()
  const did = await new Client(plc.url).createDid({
    signingKey: key.did(),
    handle,
    pds: 'https://old.example.com',
    rotationKeys: [signer.did()],
    signer,
  })
  const agent = new AtpAgent({ service: server.origin })
  const password = 'a long password'
  const { data: host } = await agent.com.atproto.server.describeServer()
  const lxm = 'com.atproto.server.createAccount'
  const proof = await createServiceJwt({ iss: did, aud: host.did, lxm, keypair: key })
  await agent.com.atproto.server.createAccount(
    { handle, did, email: 'newcomer@example.com', password },
    { headers: { authorization: `Bearer ${proof}` }, encoding: 'application/json' },
  )
  await agent.login({ identifier: did, password })
  return agent
}

test('what is unclean is kept, and named in the answer, which the client does not mind', async () => {
  const agent = await newcomer()
  const did = agent.assertDid
  const records: Record<string, Uint8Array> = {}
  for (let n = 0; n < 300; n++) records[`${collection}/r${n}`] = encode({ text: `note ${n % 50}` })
  records[`${collection}/float`] = mapItem([['a', floatItem(1.5)]]).bytes
  records[`${collection}/large`] = encode({ text: 'x'.repeat(3_000_000) })
  records[`${collection}/nothing`] = new Uint8Array([0xff])
  const before = repositoryBlocks({ did, key, records })
  const encoding = 'application/vnd.ipld.car'
  const answer = await agent.fetchHandler('/xrpc/com.atproto.repo.importRepo', {
    method: 'POST',
    headers: { 'content-type': encoding },
    body: carFile(before[0][0], before) as BodyInit,
  })
  expect(await answer.json()).toMatchObject({
    uncleanRecords: 3,
    records: [
      { path: `${collection}/float`, reason: 'a number is a float', readable: true },
      { path: `${collection}/large`, readable: true },
      { path: `${collection}/nothing`, readable: false },
    ],
  })

  // Then what has changed since.
  records[`${collection}/new`] = encode({ text: 'new' })
  const after = repositoryBlocks({ did, key, records })
  const known = new Set(before.map(([cid]) => cidString(cid)))
  const changes = after.filter(([cid]) => !known.has(cidString(cid)))
  await agent.com.atproto.repo.importRepo(carFile(after[0][0], changes), { encoding })

  const { data } = await agent.com.atproto.sync.getRepo({ did })
  const { root, blocks } = await readCarWithRoot(data)
  blocks.delete(root)
  const expected = new Map(
    after.slice(1).map(([cid, block]) => [cidString(cid), new Uint8Array(block)]),
  )
  expect(new Map(blocks.entries().map(({ cid, bytes }) => [cid.toString(), bytes]))).toEqual(
    expected,
  )
})
