/** Whatever has become of an account, its host's operator takes it down and deletes it. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { accountStub, hostObjects, sequencerStub } from '../services/objects/stubs.ts'
import { upload } from '../testing/blobs.ts'
import { callAs, makeAccount, send, type TestAccount } from '../testing/host.ts'
import { callAsOperator } from '../testing/operator.ts'

const objects = hostObjects(env)

/** What became of a store, by statements; the last record of the account is in its journal. */
const DAMAGE = {
  'a record of the journal is gone': ['DELETE FROM record'],
  'a commit of the journal is none': ["UPDATE journal SET commit_block = x'ff'"],
  'tree nodes are gone': ['DELETE FROM node'],
  'tree nodes cannot be read': ["UPDATE node SET block = x'00'"],
  'there is no head': ['DELETE FROM head'],
  'there is no head, and nothing in the journal': ['DELETE FROM journal', 'DELETE FROM head'],
  'the signing key cannot be read': ["UPDATE account SET signing_key = x'0102'"],
} as const

/** Those of which nothing can be read, so that nobody is shown anything either. */
const LOSS = {
  'a later release has written it': ['UPDATE schema_version SET version = version + 1'],
  'a table is gone': ['DROP TABLE blob'],
  'its row is gone': ['DELETE FROM account'],
  'a restoration of it was broken off': [],
} as const

async function damaged(statements: readonly string[]): Promise<TestAccount> {
  const account = await makeAccount()
  const { did } = account
  const file = await upload(account, `a file of ${did}`)
  for (const n of [1, 2]) {
    const record = { file, n }
    const collection = 'com.example.file'
    await callAs(account, 'com.atproto.repo.createRecord', { repo: did, collection, record })
  }
  // What is acknowledged may be on its way yet.
  await vi.waitFor(async () => {
    const { rev } = await objects.account(did).repository.status()
    expect(await sourceOf(did)).toMatchObject({ rev, status: 'active' })
  })
  await runInDurableObject(accountStub(env, did) as never, (_, { storage }: DurableObjectState) => {
    for (const statement of statements) storage.sql.exec(statement)
  })
  await evictDurableObject(accountStub(env, did) as never)
  return account
}

async function sourceOf(did: string) {
  const all = await sequencerStub(env).listSources(1000)
  return all.find((one) => one.did === did)?.state
}

async function takeDown(did: string, applied: boolean): Promise<void> {
  const subject = { $type: 'com.atproto.admin.defs#repoRef', did }
  const takedown = applied ? { applied, ref: 'x' } : { applied }
  const response = await callAsOperator('updateSubjectStatus', { subject, takedown })
  expect(await response.json()).toMatchObject({ takedown: { applied } })
  expect(response.status).toBe(200)
}

async function expectDeletion(did: string): Promise<void> {
  const response = await callAsOperator('deleteAccount', { did })
  expect(await response.text()).toBe('')
  expect(response.status).toBe(200)
  expect(await objects.directory.accounts.find('did', did)).toBeUndefined()
  await vi.waitFor(async () => {
    await runDurableObjectAlarm(accountStub(env, did) as never)
    // Lists have it no more when its deletion is in the log.
    expect(await sourceOf(did)).toBeUndefined()
    expect(await rowsOf(did)).toBe(0)
  })
}

/** Rows that are left of the account. */
const rowsOf = (did: string): Promise<number> =>
  runInDurableObject(accountStub(env, did) as never, (_, { storage }: DurableObjectState) =>
    ['account', 'record', 'blob', 'outbox', 'journal', 'head', 'node'].reduce(
      (sum, table) => sum + storage.sql.exec(`SELECT 1 FROM ${table}`).toArray().length,
      0,
    ),
  )

for (const [what, statements] of Object.entries(DAMAGE)) {
  test(`where ${what}, an account is taken down, restored and deleted`, async () => {
    const { did } = await damaged(statements)
    await takeDown(did, true)
    const read = await send(`/xrpc/com.atproto.sync.getRepo?did=${did}`)
    expect(await read.json()).toMatchObject({ error: 'RepoTakendown' })
    // Relays are told.
    await vi.waitFor(async () => expect(await sourceOf(did)).toMatchObject({ status: 'takendown' }))
    await takeDown(did, false)
    await vi.waitFor(async () => expect(await sourceOf(did)).toMatchObject({ status: 'active' }))
    await takeDown(did, true)
    await expectDeletion(did)
  })
}

for (const [what, statements] of Object.entries(LOSS)) {
  test(`where ${what}, an account is deleted all the same`, async () => {
    const { did } = await damaged(statements)
    if (statements.length === 0) {
      const stub = accountStub(env, did) as never
      await runInDurableObject(stub, (_, { storage }: DurableObjectState) =>
        storage.kv.put('restore', { id: 'x', next: 'blobs' }),
      )
      await evictDurableObject(stub)
      await expect(objects.account(did).repository.status()).rejects.toThrow(/restored/)
    }
    await expectDeletion(did)
  })
}

test('an account whose store a later release has written says so to whoever asks', async () => {
  const { did } = await damaged(LOSS['a later release has written it'])
  await expect(objects.account(did).repository.status()).rejects.toThrow(/run a newer release/)
})

test('who is not on this host is not deleted here, and nobody is told anything of them', async () => {
  const did = 'did:web:nobody.test'
  expect((await callAsOperator('deleteAccount', { did })).status).toBe(400)
  await expect(objects.account(did).lifecycle.destroy()).rejects.toThrow('Could not find repo')
  expect(await sourceOf(did)).toBeUndefined()
})
