/** Quotas as clients, the operator and the owner see them. */
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeAccounts, operatorOf } from '../support/accounts.ts'
import { runCumulus } from '../support/command.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer({
    env: { PDS_QUOTA_RECORDS: '3', PDS_QUOTA_BLOB_BYTES: '1000', PDS_QUOTA_REPO_BYTES: '20000' },
  })
})

afterAll(() => server.stop())

const collection = 'com.example.note'

async function makeAgent(): Promise<AtpAgent & { did: string }> {
  const [account] = await makeAccounts(server, 1)
  if (!account) throw new Error('no account')
  const agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: account.handle, password: `password of ${account.handle}` })
  return agent as AtpAgent & { did: string }
}

const exceeded = { status: 400, error: 'QuotaExceeded' }

test('writes, uploads and imports over the limit are refused; reads, deletions and the rest go on', async () => {
  const agent = await makeAgent()
  const { repo } = agent.com.atproto
  const record = (text: string) => ({ $type: collection, text })
  const create = (rkey: string) =>
    repo.createRecord({ repo: agent.did, collection, rkey, record: record(rkey) })
  for (const rkey of ['a', 'b', 'c']) await create(rkey)
  const { data: before } = await agent.com.atproto.sync.getRepo({ did: agent.did })
  await expect(create('d')).rejects.toMatchObject(exceeded)
  const put = (rkey: string, text: string) =>
    repo.putRecord({ repo: agent.did, collection, rkey, record: record(text) })
  await expect(put('d', 'd')).rejects.toMatchObject(exceeded)
  await put('a', 'A')
  const writes = (...rkeys: string[]) =>
    repo.applyWrites({
      repo: agent.did,
      writes: [
        { $type: 'com.atproto.repo.applyWrites#delete', collection, rkey: 'b' },
        ...rkeys.map((rkey) => ({
          $type: 'com.atproto.repo.applyWrites#create' as const,
          collection,
          rkey,
          value: record(rkey),
        })),
      ],
    })
  await expect(writes('d', 'e')).rejects.toMatchObject(exceeded)
  await writes('d')
  await expect(put('c', 'x'.repeat(20_000))).rejects.toMatchObject({
    ...exceeded,
    message: expect.stringContaining('20000 bytes in the repository'),
  })
  expect((await repo.listRecords({ repo: agent.did, collection })).data.records).toHaveLength(3)

  await repo.uploadBlob(new Uint8Array(600))
  await expect(repo.uploadBlob(new Uint8Array(601))).rejects.toMatchObject(exceeded)
  await repo.uploadBlob(new Uint8Array(400))

  await repo.importRepo(before, { encoding: 'application/vnd.ipld.car' })
  const quota = (change: object) =>
    fetch(`${server.origin}/operator/quota`, {
      method: 'POST',
      headers: { authorization: operatorOf(server), 'content-type': 'application/json' },
      body: JSON.stringify({ account: agent.did, quota: change }),
    })
  await repo.deleteRecord({ repo: agent.did, collection, rkey: 'a' })
  expect((await quota({ records: 2 })).status).toBe(200)
  await expect(
    repo.importRepo(before, { encoding: 'application/vnd.ipld.car' }),
  ).rejects.toMatchObject(exceeded)
  expect((await repo.listRecords({ repo: agent.did, collection })).data.records).toHaveLength(2)
  expect((await quota({ records: null })).status).toBe(200)
  await create('a')
  for (const wrong of [{ recrods: 1 }, { records: -1 }, { records: '7' }, { records: 1.5 }]) {
    expect((await quota(wrong)).status).toBe(400)
  }
})

test('the operator raises the limits of one account with a command', async () => {
  const agent = await makeAgent()
  const run = (...args: string[]) =>
    runCumulus(['account', 'quota', ...args], {
      PDS_DATA_DIRECTORY: server.dataDirectory,
      PDS_PORT: new URL(server.origin).port,
    })
  const shown = await run(agent.did)
  expect(shown.output).toMatch(/^records +0 of 3$/m)
  const set = await run(agent.did, 'records=4', 'blobs=20G')
  expect(set.output).toMatch(/^records +0 of 4 +<- set for this account$/m)
  expect(set.output).toMatch(/^blobs +0 bytes of 20 GB /m)
  expect((await run(agent.did, 'records=default')).output).toMatch(/^records +0 of 3$/m)
  const wrong = await run(agent.did, 'records=many')
  expect(wrong.code).toBe(1)
  expect(wrong.output).toContain('"records=many" needs a number')
})

test('nobody but the operator asks', async () => {
  const ask = (authorization?: string) =>
    fetch(`${server.origin}/operator/quota`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
      body: JSON.stringify({ account: 'alice.test' }),
    })
  const agent = await makeAgent()
  expect((await ask()).status).toBe(401)
  expect((await ask(`Bearer ${agent.session?.accessJwt}`)).status).toBe(401)
  expect((await ask('Basic YWRtaW46d3Jvbmc=')).status).toBe(401)
})
