import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { SigningKey } from '../kernel/crypto/signing-key.ts'
import { accountStub, hostObjects, sequencerStub } from '../services/objects/stubs.ts'
import type { EventKind } from '../storage/account/events.ts'
import { expectValue, resultOf } from '../testing/result.ts'
import { storedEvents } from '../testing/stored-events.ts'

let made = 0
let did: string
let handle: string

beforeEach(() => {
  handle = `life-${made++}.test`
  did = `did:web:${handle}`
})

const objects = hostObjects(env)
const stub = () => accountStub(env, did)
const account = () => objects.account(did)
const input = () => ({ did, handle, email: null, password: 'a long password' })

/** Kinds of the events that the sequencer has of the account, in order. */
async function announced(): Promise<EventKind[]> {
  await runDurableObjectAlarm(stub())
  await runDurableObjectAlarm(sequencerStub(env))
  return runInDurableObject(sequencerStub(env), (_, { storage }) =>
    storedEvents(storage.sql, did).map(({ event }) => {
      const header = new TextDecoder().decode(event.frame.slice(0, 20))
      return /#(commit|sync|identity|account)/.exec(header)?.[0] as EventKind
    }),
  )
}

const status = async () => (await account().repository.status()).status

const refused = (name: string) => ({ ok: false, refused: expect.objectContaining({ name }) })

/** Rings the alarm at a time when an attempt to make an account counts as broken off. */
async function muchLater(): Promise<void> {
  await evictDurableObject(stub())
  await runInDurableObject(stub(), (_, { storage }) => {
    storage.sql.exec("UPDATE account SET created_at = '2020-01-01T00:00:00.000Z'")
  })
  await evictDurableObject(stub())
  await runDurableObjectAlarm(stub())
}

test('a new account is announced in the order that the network expects', async () => {
  await account().lifecycle.create(input())
  expect(await announced()).toEqual(['#identity', '#account', '#commit', '#sync'])
})

describe('a prepared account', () => {
  test('is nobody as long as it is pending, and somebody once it is opened', async () => {
    await account().lifecycle.prepare(input())
    expect(await resultOf(account().profile.get())).toMatchObject(refused('RepoNotFound'))
    expect(await resultOf(account().repository.status())).toMatchObject(refused('RepoNotFound'))
    expect(await announced()).toEqual([])
    const { account: opened, session } = await account().lifecycle.open()
    expect(opened).toMatchObject({ did, handle, status: 'active' })
    expect(session.scope).toBe('com.atproto.access')
    expect(await announced()).toEqual(['#identity', '#account', '#commit', '#sync'])
  })

  test('that the directory never came to know is removed', async () => {
    await account().lifecycle.prepare(input())
    await muchLater()
    await runDurableObjectAlarm(stub())
    expect(await resultOf(account().profile.get())).toMatchObject(refused('RepoNotFound'))
    expect(await announced()).toEqual([])
    await account().lifecycle.create(input())
    expect(await status()).toBe('active')
  })

  test('that the directory knows is opened', async () => {
    await objects.directory.accounts.reserve({ did, handle, email: null })
    await account().lifecycle.prepare(input())
    expect(await objects.directory.accounts.confirm({ did, handle })).toBe(true)
    await muchLater()
    expect(await status()).toBe('active')
    expect(await announced()).toEqual(['#identity', '#account', '#commit', '#sync'])
  })

  test('says nothing when it is moved here, until it is activated', async () => {
    await account().lifecycle.prepare({ ...input(), becomes: 'deactivated' })
    await account().lifecycle.open()
    expect(await status()).toBe('deactivated')
    expect(await announced()).toEqual([])
    await account().lifecycle.activate()
    expect(await announced()).toEqual(['#account', '#identity', '#sync'])
  })
})

test('an account is switched off, taken down and given back, each told once', async () => {
  await account().lifecycle.create(input())
  await account().lifecycle.deactivate(null)
  await account().lifecycle.deactivate(null)
  expect(await resultOf(account().repository.latestCommit())).toMatchObject(
    refused('RepoDeactivated'),
  )
  expect(await resultOf(account().repository.latestCommit(true))).toMatchObject({ ok: true })
  await account().lifecycle.setTakedown('spam')
  expect(await resultOf(account().repository.latestCommit())).toMatchObject(
    refused('RepoTakendown'),
  )
  // Taken down, it stays so whatever its owner does.
  expect(await resultOf(account().lifecycle.activate())).toMatchObject(refused('AccountNotFound'))
  expect(await status()).toBe('takendown')
  await account().lifecycle.setTakedown(null)
  expect(await status()).toBe('deactivated')
  expect((await announced()).slice(4)).toEqual(['#account', '#account', '#account'])
  await account().lifecycle.activate()
  expect((await announced()).slice(7)).toEqual(['#account', '#identity', '#sync'])
})

test('a deleted account leaves an empty store, no name, and one event', async () => {
  await objects.directory.accounts.reserve({ did, handle, email: null })
  await account().lifecycle.create(input())
  await objects.directory.accounts.confirm({ did, handle })
  await account().lifecycle.destroy()
  expect(await resultOf(account().profile.get())).toMatchObject(refused('RepoNotFound'))
  expect(await announced()).toEqual(['#account'])
  expect(await objects.directory.accounts.find('handle', handle)).toBeUndefined()
  await runInDurableObject(stub(), (_, { storage }) => {
    for (const table of ['account', 'head', 'node', 'record', 'session', 'outbox']) {
      const { count } = storage.sql.exec(`SELECT count(*) AS count FROM ${table}`).one()
      expect([table, count]).toEqual([table, 0])
    }
  })
  // Whoever comes back is told of anew.
  await account().lifecycle.create(input())
  expect(await announced()).toEqual(['#account', '#identity', '#account', '#commit', '#sync'])
})

test('an access token works for as long as its session is open', async () => {
  await account().lifecycle.create(input())
  const first = await account().sessions.open('a long password')
  const second = await account().sessions.open('a long password')
  if (!first || !second) throw new Error('not signed in')
  const authorized = (session: string) => resultOf(account().sessions.authorize(session, false))
  expect(await authorized(first.session.family)).toMatchObject({ ok: true })
  await account().sessions.refresh(first.session.id)
  expect(await authorized(first.session.family)).toMatchObject({ ok: true })
  await account().sessions.close(first.session.id)
  expect(await authorized(first.session.family)).toMatchObject(refused('ExpiredToken'))
  expect(
    await resultOf(account().repository.write({ writes: [] }, first.session.family)),
  ).toMatchObject(refused('ExpiredToken'))
  expect(await authorized(second.session.family)).toMatchObject({ ok: true })
  await account().passwords.set('another password')
  expect(await authorized(second.session.family)).toMatchObject(refused('ExpiredToken'))
})

test('who had an account cannot get into the one that somebody else makes with the same DID', async () => {
  await account().lifecycle.create(input())
  const before = await account().sessions.open('a long password')
  const family = before?.session.family ?? ''
  expect(await resultOf(account().sessions.authorize(family, false))).toMatchObject({ ok: true })
  await account().lifecycle.destroy()
  await account().lifecycle.create({ ...input(), password: 'another password' })
  expect(await resultOf(account().sessions.authorize(family, false))).toMatchObject(
    refused('ExpiredToken'),
  )
})

test('an account that is begun anew while the one before it is looked at stays', async () => {
  await account().lifecycle.prepare(input())
  await runInDurableObject(stub(), (_, { storage }) => {
    storage.sql.exec("UPDATE account SET created_at = '2020-01-01T00:00:00.000Z'")
  })
  await evictDurableObject(stub())
  // The alarm asks the directory; before it has its answer the owner has come again.
  const [, made] = await Promise.all([
    runDurableObjectAlarm(stub()),
    resultOf(account().lifecycle.create(input())),
  ])
  expectValue(made)
  await runDurableObjectAlarm(stub())
  expect(await status()).toBe('active')
})

test('an app password opens lesser sessions, which end with it', async () => {
  await account().lifecycle.create(input())
  await account().passwords.addAppPassword('app', 'aaaa-bbbb-cccc-dddd', false)
  await account().passwords.addAppPassword('other', 'eeee-ffff-gggg-hhhh', true)
  const sameName = await resultOf(
    account().passwords.addAppPassword('app', 'iiii-jjjj-kkkk-llll', false),
  )
  expect(sameName).toMatchObject(refused('InvalidRequest'))
  const opened = await account().sessions.open('aaaa-bbbb-cccc-dddd')
  expect(opened?.session).toMatchObject({ scope: 'com.atproto.appPass', appPassword: 'app' })
  const privileged = await account().sessions.open('eeee-ffff-gggg-hhhh')
  expect(privileged?.session.scope).toBe('com.atproto.appPassPrivileged')
  expect(await account().sessions.open('iiii-jjjj-kkkk-llll')).toBeNull()
  await account().passwords.removeAppPassword('app')
  expect(
    await resultOf(account().sessions.authorize(opened?.session.family ?? '', false)),
  ).toMatchObject(refused('ExpiredToken'))
  expect(await account().sessions.open('aaaa-bbbb-cccc-dddd')).toBeNull()
  expect((await account().passwords.listAppPasswords()).map(({ name }) => name)).toEqual(['other'])
})

test('a taken-down account signs in only to move away', async () => {
  await account().lifecycle.create(input())
  const before = await account().sessions.open('a long password')
  await account().lifecycle.setTakedown('spam')
  expect(
    await resultOf(account().sessions.authorize(before?.session.family ?? '', true)),
  ).toMatchObject(refused('ExpiredToken'))
  expect(await resultOf(account().sessions.open('a long password'))).toMatchObject(
    refused('AccountTakedown'),
  )
  const opened = await account().sessions.open('a long password', { allowTakendown: true })
  expect(opened?.session.scope).toBe('com.atproto.takendown')
  const family = opened?.session.family ?? ''
  expect(await resultOf(account().sessions.authorize(family, false))).toMatchObject(
    refused('AccountTakedown'),
  )
  expect(await resultOf(account().sessions.authorize(family, true))).toMatchObject({ ok: true })
})

describe('a new signing key', () => {
  test('signs the head anew and is told of', async () => {
    await account().lifecycle.create(input())
    const before = await account().repository.latestCommit()
    const key = SigningKey.generate('p256')
    await account().keys.rotate(key.toBytes())
    expect(await account().keys.publicKey()).toBe(key.did())
    const after = await account().repository.latestCommit()
    expect(after.rev > before.rev).toBe(true)
    expect((await announced()).slice(4)).toEqual(['#identity', '#sync'])
    await evictDurableObject(stub())
    expect(await account().keys.publicKey()).toBe(key.did())
  })

  test('does not take over while the PLC directory has not said so', async () => {
    did = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
    await account().lifecycle.create(input())
    const before = await account().keys.publicKey()
    const next = SigningKey.generate()
    const plc = vi.spyOn(globalThis, 'fetch')
    plc.mockRejectedValue(new Error('the directory is down'))
    expect(await resultOf(account().keys.rotate(next.toBytes()))).toMatchObject(
      refused('UpstreamFailure'),
    )
    // Whether the directory knows the new key is open: until that is settled nothing is signed.
    expect(await resultOf(account().repository.write({ writes: [] }))).toMatchObject(
      refused('UpstreamFailure'),
    )
    plc.mockImplementation(async () =>
      Response.json({
        did,
        rotationKeys: [],
        verificationMethods: { atproto: before },
        alsoKnownAs: [],
        services: {},
      }),
    )
    expect(await account().keys.publicKey()).toBe(before)
    plc.mockRestore()
  })
})
