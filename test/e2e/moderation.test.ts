/** Takedowns by a moderation service and by the operator, and reports where there is no such service. */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import {
  AtpAgent,
  type ComAtprotoAdminUpdateSubjectStatus,
  ComAtprotoModerationDefs,
} from '@atproto/api'
import { readCarWithRoot } from '@atproto/repo'
import { createServiceJwt } from '@atproto/xrpc-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SigningKey } from '../../src/kernel/crypto/signing-key.ts'
import { PlcDirectory } from '../../src/services/identity/plc.ts'
import { makeAccounts, operatorOf } from '../support/accounts.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

const COLLECTION = 'app.bsky.feed.post'

async function signIn(server: TestServer) {
  const [account] = await makeAccounts(server, 1)
  if (!account) throw new Error('no account')
  const agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: account.handle, password: `password of ${account.handle}` })
  return { did: account.did, handle: account.handle, agent }
}

async function rejection(work: Promise<unknown>) {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause as { status: number; error: string },
  )
  return error && { status: error.status, error: error.error }
}

describe('a moderation service', () => {
  let plc: TestPlc
  let server: TestServer
  let service: { did: string; key: SigningKey }

  beforeAll(async () => {
    plc = await startPlc()
    const rotationKey = SigningKey.generate()
    const plcRotationKey = Buffer.from(rotationKey.toBytes()).toString('hex')
    const directory = new PlcDirectory({ plcUrl: plc.url, plcRotationKey }, fetch)
    const key = SigningKey.generate()
    const { did, op } = directory.genesis({
      signingKey: key.did(),
      rotationKeys: [rotationKey.did()],
      handle: 'mod.test',
      pds: 'https://elsewhere.example.com',
    })
    await directory.submit(did, op)
    service = { did, key }
    server = await startServer({
      env: {
        PDS_DID_PLC_URL: plc.url,
        PDS_MOD_SERVICE_URL: 'http://localhost:9',
        PDS_MOD_SERVICE_DID: did,
        PDS_BLOB_QUARANTINE_MS: '0',
      },
    })
  })

  afterAll(async () => {
    await server?.stop()
    await plc?.stop()
  })

  const admin = () => new AtpAgent({ service: server.origin }).com.atproto.admin

  /** A token for one call. */
  async function asService(lxm: string, { did, key }: typeof service = service) {
    const aud = 'did:web:localhost'
    const token = await createServiceJwt({ iss: did, aud, lxm, keypair: key })
    return { headers: { authorization: `Bearer ${token}` }, encoding: 'application/json' as const }
  }

  const update = async (
    subject: ComAtprotoAdminUpdateSubjectStatus.InputSchema['subject'],
    takedown: { applied: boolean; ref?: string },
  ) =>
    admin().updateSubjectStatus(
      { subject, takedown },
      await asService('com.atproto.admin.updateSubjectStatus'),
    )

  const statusOf = async (params: { did?: string; uri?: string; blob?: string }) =>
    (await admin().getSubjectStatus(params, await asService('com.atproto.admin.getSubjectStatus')))
      .data

  test('takes a record down and restores it; the repository stays as it is', async () => {
    const { did, agent } = await signIn(server)
    const { uri, cid } = await agent.post({ text: 'bad' })
    const kept = await agent.post({ text: 'good' })
    const rkey = uri.split('/').at(-1) ?? ''
    const address = { repo: did, collection: COLLECTION, rkey }
    const repo = async () => (await agent.com.atproto.sync.getRepo({ did })).data
    const list = async () =>
      (await agent.com.atproto.repo.listRecords({ repo: did, collection: COLLECTION })).data.records
    const before = { repo: await repo(), list: await list() }
    const subject = { $type: 'com.atproto.repo.strongRef' as const, uri, cid }
    const { data } = await update(subject, { applied: true, ref: 'CASE-1' })
    expect(data).toEqual({ subject, takedown: { applied: true, ref: 'CASE-1' } })
    expect(await rejection(agent.com.atproto.repo.getRecord(address))).toEqual({
      status: 400,
      error: 'RecordNotFound',
    })
    expect((await list()).map((record) => record.uri)).toEqual([kept.uri])
    expect(await repo()).toEqual(before.repo)
    expect((await readCarWithRoot(await repo())).blocks.size).toBeGreaterThan(2)
    expect(await statusOf({ uri })).toEqual(data)
    await update(subject, { applied: false })
    expect({ repo: await repo(), list: await list() }).toEqual(before)
    expect(await statusOf({ uri })).toEqual({ subject, takedown: { applied: false } })
  })

  test('takes a blob down, whose bytes are deleted after the time that is set', async () => {
    const { did, agent } = await signIn(server)
    const bytes = new TextEncoder().encode('a bad file')
    const encoding = 'application/octet-stream'
    const { blob } = (await agent.uploadBlob(bytes, { encoding })).data
    const cid = blob.ref.toString()
    const record = { $type: 'com.example.file', file: blob }
    await agent.com.atproto.repo.putRecord({
      repo: did,
      collection: 'com.example.file',
      rkey: 'f',
      record,
    })
    const get = () => agent.com.atproto.sync.getBlob({ did, cid })
    expect((await get()).data).toEqual(bytes)
    const files = () =>
      globSync(join(server.dataDirectory, 'blobs', did.replaceAll(':', '_3A'), '*'))
    expect(files()).toHaveLength(1)
    const subject = { $type: 'com.atproto.admin.defs#repoBlobRef' as const, did, cid }
    await update(subject, { applied: true, ref: 'CASE-2' })
    expect(await rejection(get())).toEqual({ status: 400, error: 'BlobNotFound' })
    expect((await agent.com.atproto.sync.listBlobs({ did })).data.cids).toEqual([cid])
    const again = agent.uploadBlob(bytes, { encoding })
    expect(await rejection(again)).toEqual({ status: 400, error: 'InvalidRequest' })
    expect((await statusOf({ did, blob: cid })).takedown).toEqual({ applied: true, ref: 'CASE-2' })
    // Its time is 0 ms here: the next alarm deletes the file.
    await expect.poll(files, { timeout: 60_000, interval: 200 }).toEqual([])
    expect((await statusOf({ did, blob: cid })).takedown).toEqual({ applied: true, ref: 'CASE-2' })
    // What is restored has no bytes, and may be uploaded again.
    await update(subject, { applied: false })
    expect((await agent.com.atproto.repo.listMissingBlobs()).data.blobs).toEqual([
      { cid, recordUri: `at://${did}/com.example.file/f` },
    ])
    await agent.uploadBlob(bytes, { encoding })
    expect((await get()).data).toEqual(bytes)
  }, 90_000)

  test('is nobody else', async () => {
    const { did } = await signIn(server)
    const method = 'com.atproto.admin.updateSubjectStatus'
    const input = {
      subject: { $type: 'com.atproto.admin.defs#repoRef' as const, did },
      takedown: { applied: true },
    }
    const forged = await asService(method, { did: service.did, key: SigningKey.generate() })
    expect(await rejection(admin().updateSubjectStatus(input, forged))).toMatchObject({
      status: 401,
    })
    const once = await asService(method)
    await admin().updateSubjectStatus({ ...input, takedown: { applied: false } }, once)
    expect(await rejection(admin().updateSubjectStatus(input, once))).toEqual({
      status: 401,
      error: 'JwtReplayed',
    })
    expect((await statusOf({ did })).takedown).toEqual({ applied: false })
  })
})

describe('a host without a moderation service', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ env: { PDS_RATE_LIMITS_ENABLED: 'true' } })
  })
  afterAll(() => server?.stop())

  test('takes reports about its own accounts, ten in five minutes', async () => {
    const reporter = await signIn(server)
    const other = await signIn(server)
    const report = (did: string) =>
      reporter.agent.createModerationReport({
        reasonType: ComAtprotoModerationDefs.REASONSPAM,
        reason: 'again and again',
        subject: { $type: 'com.atproto.admin.defs#repoRef', did },
      })
    const { data } = await report(other.did)
    expect(data).toMatchObject({ reportedBy: reporter.did, reason: 'again and again' })
    expect((await report(other.did)).data.id).toBeGreaterThan(data.id)
    expect(await rejection(report('did:web:nobody.example.com'))).toEqual({
      status: 400,
      error: 'InvalidRequest',
    })
    for (let n = 2; n < 10; n++) await report(other.did)
    expect(await rejection(report(other.did))).toEqual({
      status: 429,
      error: 'RateLimitExceeded',
    })
  })

  test('lets its operator take records down', async () => {
    const { agent } = await signIn(server)
    const { uri, cid } = await agent.post({ text: 'bad' })
    const headers = { headers: { authorization: operatorOf(server) } }
    const { admin } = agent.com.atproto
    const subject = { $type: 'com.atproto.repo.strongRef' as const, uri, cid }
    await admin.updateSubjectStatus({ subject, takedown: { applied: true } }, headers)
    expect((await admin.getSubjectStatus({ uri }, headers)).data.takedown?.applied).toBe(true)
  })
})
