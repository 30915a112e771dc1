/** What a backup has of each object, and that all of it comes back. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { directoryStub, oauthStub, sequencerStub } from '../services/objects/stubs.ts'
import { accountPlan } from '../storage/account/backup-plan.ts'
import { directoryPlan } from '../storage/directory/backup-plan.ts'
import { type BackupPlan, tablesOf } from '../storage/dump.ts'
import { oauthPlan } from '../storage/oauth/backup-plan.ts'
import { sequencerPlan } from '../storage/sequencer/backup-plan.ts'
import { basic, callAs, makeAccount, outcome, PASSWORD, send } from '../testing/host.ts'

const stubs = {
  account: env.ACCOUNTS.get(env.ACCOUNTS.idFromName('did:web:tables.test')),
  directory: directoryStub(env),
  oauth: oauthStub(env),
  sequencer: sequencerStub(env),
}

/** Objects that have some values. */
const valuesOf = async (plan: BackupPlan, stub: DurableObjectStub) =>
  runInDurableObject(stub, (_, { storage }) => {
    const known = Object.keys(plan.values)
    return [...storage.kv.list()].map(([key]) => key).filter((key) => !known.includes(key))
  })

test.each([accountPlan, directoryPlan, oauthPlan, sequencerPlan])(
  'each table of the $object is in a backup, or it is said why not',
  async ({ object, tables }: BackupPlan) => {
    const found = await runInDurableObject(stubs[object], (_, { storage }) => tablesOf(storage.sql))
    expect(Object.keys(tables).sort()).toEqual(found)
  },
)

const command = (path: string, body: BodyInit, type = 'application/json') =>
  send(`/operator/${path}`, {
    method: 'POST',
    headers: { authorization: basic('admin', 'test admin password'), 'content-type': type },
    body,
  })

const ask = async (path: string, body: object) => {
  const response = await command(path, JSON.stringify(body))
  const text = await response.text()
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
  return JSON.parse(text) as Record<string, unknown>
}

const dumpOf = async (did: string) =>
  (await command('backup/account', JSON.stringify({ did }))).text()

/** The rows of a dump, but for what is this host's: the head, and where bytes of blobs are. */
const rowsIn = (dump: string) =>
  dump
    .replaceAll(/\/[0-9a-f-]{36}"/g, '/key"')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { table?: string; rows?: unknown })
    .filter(({ table }) => table && table !== 'head')

const carOf = async (did: string) => {
  const headers = { authorization: basic('admin', 'test admin password') }
  const response = await send(`/xrpc/com.atproto.sync.getRepo?did=${did}`, { headers })
  return new Uint8Array(await response.arrayBuffer())
}

test('an account comes back as it was: rows, commit and blobs', async () => {
  const account = await makeAccount()
  const { did } = account
  const bytes = new TextEncoder().encode('a blob of a backup')
  const uploaded = await send('/xrpc/com.atproto.repo.uploadBlob', {
    method: 'POST',
    headers: { authorization: `Bearer ${account.accessJwt}`, 'content-type': 'text/plain' },
    body: bytes,
  })
  const { blob } = (await uploaded.json()) as { blob: { ref: { $link: string } } }
  const collection = 'com.example.note'
  for (let n = 0; n < 20; n++) {
    const record = { $type: collection, text: `note ${n}`, ...(n === 0 && { blob }) }
    await callAs(account, 'com.atproto.repo.createRecord', { repo: did, collection, record })
  }
  await callAs(account, 'com.atproto.server.createAppPassword', { name: 'phone' })
  const [dump, car] = [await dumpOf(did), await carOf(did)]

  const id = 'a backup'
  await expect(ask('restore/account', { did, id })).rejects.toThrow('AccountExists')
  const begun = await ask('restore/account', { did, id, overwrite: true })
  expect(begun).toMatchObject({ next: 'rows', staged: 0 })
  const read = () => send(`/xrpc/com.atproto.repo.describeRepo?repo=${did}`)
  expect(await outcome(await read())).toEqual({ status: 503, error: 'AccountRestoring' })

  const rows = await command(`restore/rows?did=${did}&sessions=true`, dump, 'application/jsonl')
  expect(await rows.json()).toEqual({})
  const half = Math.floor(car.byteLength / 2)
  const stage = async (offset: number, part: Uint8Array<ArrayBuffer>) =>
    (await command(`restore/stage?did=${did}&offset=${offset}`, part, 'application/car')).json()
  expect(await stage(0, car.subarray(0, half))).toEqual({ staged: half })
  expect(await ask('restore/account', { did, id })).toMatchObject({
    next: 'repository',
    staged: half,
  })
  expect(await stage(half, car.subarray(half))).toEqual({ staged: car.byteLength })
  expect(await ask('restore/repository', { did })).toMatchObject({ records: 20 })
  expect(await ask('restore/blobs', { did })).toEqual({ blobs: [] })
  const cid = blob.ref.$link
  const put = await command(
    `restore/blob?did=${did}&cid=${cid}&type=text/plain`,
    bytes,
    'text/plain',
  )
  expect(await put.json()).toEqual({})
  await ask('restore/open', { did, announce: false })
  expect(await ask('restore/account', { did, id })).toMatchObject({ next: 'done' })

  expect(rowsIn(await dumpOf(did))).toEqual(rowsIn(dump))
  expect(await carOf(did)).toEqual(car)
  const served = await send(`/xrpc/com.atproto.sync.getBlob?did=${did}&cid=${cid}`)
  expect(new Uint8Array(await served.arrayBuffer())).toEqual(bytes)
  const session = await callAs(account, 'com.atproto.server.getSession')
  expect(session.status).toBe(200)
  const signIn = await callAs(account, 'com.atproto.server.createSession', {
    identifier: did,
    password: PASSWORD,
  })
  expect(signIn.status).toBe(200)

  const stub = env.ACCOUNTS.get(env.ACCOUNTS.idFromName(did))
  expect(await valuesOf(accountPlan, stub)).toEqual([])
  expect(await valuesOf(directoryPlan, stubs.directory)).toEqual([])
  expect(await valuesOf(oauthPlan, stubs.oauth)).toEqual([])
  expect(await valuesOf(sequencerPlan, stubs.sequencer)).toEqual([])
})
