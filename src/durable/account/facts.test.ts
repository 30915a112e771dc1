/** What the directory's lists show of an account, however it changes. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import {
  accountStub,
  type DirectoryClient,
  directoryStub,
  hostObjects,
} from '../../services/objects/stubs.ts'
import type { AccountFacts } from '../../storage/directory/account-list.ts'
import { withAccount } from '../../testing/account-parts.ts'
import { upload } from '../../testing/blobs.ts'
import { callAs, makeAccount } from '../../testing/host.ts'
import { addAuthenticatorApp } from '../../testing/operator.ts'
import { Facts } from './facts.ts'

const objects = hostObjects(env)
const listed = (did: string) => objects.directory.accounts.administered(did)

/** Waits until the list says so. */
const untilListed = (did: string, expected: object) =>
  vi.waitFor(async () => expect(await listed(did)).toMatchObject(expected))

test('each change shows in the lists', async () => {
  const { did } = await makeAccount()
  const { lifecycle, email, factors, passwords } = objects.account(did)
  await untilListed(did, { status: 'active', hasFactor: false, attention: null })
  await lifecycle.deactivate('2030-01-02T00:00:00.000Z')
  await untilListed(did, {
    status: 'deactivated',
    deactivatedAt: expect.stringMatching(/^20\d\d-/),
    attention: 'to be deleted after 2030-01-02',
  })
  await lifecycle.activate()
  await untilListed(did, { status: 'active', deactivatedAt: null, attention: null })
  await lifecycle.setTakedown('a reason')
  await untilListed(did, { status: 'takendown' })
  await lifecycle.setTakedown(null)
  await untilListed(did, { status: 'active' })
  const address = `${crypto.randomUUID()}@example.com`
  await objects.directory.accounts.setEmail(did, address)
  await email.set(address)
  await email.confirm(address)
  await untilListed(did, { emailConfirmedAt: expect.any(String) })
  await factors.setEmailFactor(true)
  await untilListed(did, { hasFactor: true })
  const other = `${crypto.randomUUID()}@example.com`
  await objects.directory.accounts.setEmail(did, other)
  // At once: it is not known for the new address.
  expect(await listed(did)).toMatchObject({ email: other, emailConfirmedAt: null })
  await email.set(other)
  await untilListed(did, { hasFactor: false })
  await addAuthenticatorApp(did)
  await untilListed(did, { hasFactor: true })
  await factors.disableTotp()
  await untilListed(did, { hasFactor: false })
  await passwords.revoke()
  await untilListed(did, { attention: 'nobody can sign in' })
  await passwords.set('another password')
  await untilListed(did, { attention: null })
})

test('what could not be told stays noted, and what changes meanwhile is told, too', () =>
  withAccount(async ({ profile, storage: { kv }, store }) => {
    const told: (string | Error)[] = []
    const answers: (() => void)[] = [
      () => {
        throw new Error('no answer')
      },
      () => {
        store.setTakedown('a reason')
        facts.changed()
      },
    ]
    const setFacts = async (_: string, { status }: AccountFacts) => {
      told.push(status)
      answers.shift()?.()
    }
    const facts = new Facts({
      kv,
      profile,
      hasTotp: () => false,
      hasPasskey: () => false,
      storedBytes: () => 0,
      directory: () => ({ accounts: { setFacts } }) as unknown as DirectoryClient,
      start: () => undefined,
    })
    await facts.run()
    expect(told).toEqual([])
    facts.changed()
    await expect(facts.run()).rejects.toThrow('no answer')
    // The alarm asks when it is due; until then nothing is forgotten.
    expect(facts.due()).toBeDefined()
    await facts.run()
    expect(told).toEqual(['active', 'active', 'takendown'])
    expect(facts.due()).toBeUndefined()
  }))

test('what a transaction comes to is told, once, and nothing of one that is rolled back', () =>
  withAccount(async ({ profile, storage, store }) => {
    const told: string[] = []
    const setFacts = async (_: string, { status }: AccountFacts) => {
      told.push(status)
    }
    const runs: Promise<void>[] = []
    const facts = new Facts({
      kv: storage.kv,
      profile,
      hasTotp: () => false,
      hasPasskey: () => false,
      storedBytes: () => 0,
      directory: () => ({ accounts: { setFacts } }) as unknown as DirectoryClient,
      start() {
        if (runs.length === 0) runs.push(facts.run())
      },
    })
    storage.transactionSync(() => {
      facts.changed()
      store.setTakedown('a reason')
      facts.changed()
    })
    await runs.pop()
    expect(told).toEqual(['takendown'])
    expect(() =>
      storage.transactionSync(() => {
        facts.changed()
        throw new Error('no room')
      }),
    ).toThrow('no room')
    await runs.pop()
    expect(told).toHaveLength(1)
  }))

test('how much is stored is told with the first write of a day, and when it has grown by much', async () => {
  const account = await makeAccount()
  await untilListed(account.did, { status: 'active' })
  const stub = () => accountStub(env, account.did)
  const stored = async () => (await objects.directory.accounts.counts()).storedBytes
  const note = (text: string) =>
    callAs(account, 'com.atproto.repo.createRecord', {
      repo: account.did,
      collection: 'com.example.note',
      record: { $type: 'com.example.note', text },
    })
  const before = await stored()
  expect(before).toBeGreaterThan(0)
  await note('x'.repeat(1000))
  await runDurableObjectAlarm(stub())
  expect(await stored()).toBe(before)
  await runInDurableObject(stub(), (_, { storage }) => storage.kv.put('facts told on', 1))
  await evictDurableObject(stub())
  await note('y'.repeat(1000))
  await vi.waitFor(async () => expect(await stored()).toBeGreaterThan(before + 2000))
  // The day of a sign-up is the day on which most comes.
  const told = await stored()
  await upload(account, 'z'.repeat(200_000))
  await vi.waitFor(async () => expect(await stored()).toBeGreaterThanOrEqual(told + 200_000))
  const grown = await stored()
  await note('x'.repeat(1000))
  await runDurableObjectAlarm(stub())
  expect(await stored()).toBe(grown)
})

test('accounts of an earlier release are asked when the directory starts', async () => {
  const made = await Promise.all([makeAccount(), makeAccount(), makeAccount()])
  for (const { did } of made) await untilListed(did, { status: 'active' })
  const stub = directoryStub(env)
  await runInDurableObject(stub, (_, { storage }) => {
    storage.sql.exec('UPDATE account SET status = NULL, factor = NULL')
    // One whose object knows nothing of it.
    storage.sql.exec(
      `INSERT INTO account (did, handle, ready, created_at)
         VALUES ('did:web:hollow.test', 'hollow.test', 1, 1)`,
    )
  })
  const error = await runInDurableObject(stub, (_, state) => state.abort('to start anew')).catch(
    (reason: unknown) => reason,
  )
  expect(error).toBeDefined()
  for (const { did } of made) await untilListed(did, { status: 'active', hasFactor: false })
  await untilListed('did:web:hollow.test', { attention: expect.stringContaining('no account') })
})
