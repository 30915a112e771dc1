import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { SigningKey } from '../kernel/crypto/signing-key.ts'
import { unwrap } from '../services/objects/result.ts'
import { account as accountOf, directory, sequencer } from '../services/objects/stubs.ts'
import type { EventKind } from '../storage/account/events.ts'

let made = 0
let did: string
let handle: string

beforeEach(() => {
  handle = `life-${made++}.test`
  did = `did:web:${handle}`
})

const stub = () => accountOf(env, did)
const input = () => ({ did, handle, email: null, password: 'a long password' })

/** Kinds of the events that the sequencer has of the account, in order. */
async function told(): Promise<EventKind[]> {
  await runDurableObjectAlarm(stub())
  await runDurableObjectAlarm(sequencer(env))
  return runInDurableObject(sequencer(env), (_, { storage }) =>
    storage.sql
      .exec<{ frame: ArrayBuffer }>('SELECT frame FROM event WHERE did = ? ORDER BY seq', did)
      .toArray()
      .map(({ frame }) => {
        const header = new TextDecoder().decode(frame.slice(0, 20))
        return /#(commit|sync|identity|account)/.exec(header)?.[0] as EventKind
      }),
  )
}

const status = async () => unwrap(await stub().status()).status

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
  unwrap(await stub().create(input()))
  expect(await told()).toEqual(['#identity', '#account', '#commit', '#sync'])
})

describe('a prepared account', () => {
  test('is nobody as long as it is pending, and somebody once it is opened', async () => {
    unwrap(await stub().prepare(input()))
    expect(await stub().getAccount()).toMatchObject(refused('RepoNotFound'))
    expect(await stub().status()).toMatchObject(refused('RepoNotFound'))
    expect(await told()).toEqual([])
    const { account, session } = unwrap(await stub().open())
    expect(account).toMatchObject({ did, handle, status: 'active' })
    expect(session.scope).toBe('com.atproto.access')
    expect(await told()).toEqual(['#identity', '#account', '#commit', '#sync'])
  })

  test('that the directory never came to know is removed', async () => {
    unwrap(await stub().prepare(input()))
    await muchLater()
    await runDurableObjectAlarm(stub())
    expect(await stub().getAccount()).toMatchObject(refused('RepoNotFound'))
    expect(await told()).toEqual([])
    unwrap(await stub().create(input()))
    expect(await status()).toBe('active')
  })

  test('that the directory knows is opened', async () => {
    unwrap(await directory(env).reserve({ did, handle, email: null }))
    unwrap(await stub().prepare(input()))
    expect(await directory(env).confirm({ did, handle })).toBe(true)
    await muchLater()
    expect(await status()).toBe('active')
    expect(await told()).toEqual(['#identity', '#account', '#commit', '#sync'])
  })

  test('says nothing when it is moved here, until it is activated', async () => {
    unwrap(await stub().prepare({ ...input(), becomes: 'deactivated' }))
    unwrap(await stub().open())
    expect(await status()).toBe('deactivated')
    expect(await told()).toEqual([])
    unwrap(await stub().activate())
    expect(await told()).toEqual(['#account', '#identity', '#sync'])
  })
})

test('an account is switched off, taken down and given back, each told once', async () => {
  unwrap(await stub().create(input()))
  unwrap(await stub().deactivate(null))
  unwrap(await stub().deactivate(null))
  expect(await stub().latestCommit()).toMatchObject(refused('RepoDeactivated'))
  expect(await stub().latestCommit(true)).toMatchObject({ ok: true })
  unwrap(await stub().setTakedown('spam'))
  expect(await stub().latestCommit()).toMatchObject(refused('RepoTakendown'))
  // Taken down, it stays so whatever its owner does.
  unwrap(await stub().activate())
  expect(await status()).toBe('takendown')
  unwrap(await stub().setTakedown(null))
  expect(await status()).toBe('active')
  expect((await told()).slice(4)).toEqual(['#account', '#account', '#account'])
})

test('a deleted account leaves an empty store, no name, and one event', async () => {
  unwrap(await directory(env).reserve({ did, handle, email: null }))
  unwrap(await stub().create(input()))
  await directory(env).confirm({ did, handle })
  unwrap(await stub().destroy())
  expect(await stub().getAccount()).toMatchObject(refused('RepoNotFound'))
  expect(await told()).toEqual(['#account'])
  expect(await directory(env).find('handle', handle)).toBeUndefined()
  await runInDurableObject(stub(), (_, { storage }) => {
    for (const table of ['account', 'head', 'node', 'record', 'session', 'outbox']) {
      const { count } = storage.sql.exec(`SELECT count(*) AS count FROM ${table}`).one()
      expect([table, count]).toEqual([table, 0])
    }
  })
  // Whoever comes back is told of anew.
  unwrap(await stub().create(input()))
  expect(await told()).toEqual(['#account', '#identity', '#account', '#commit', '#sync'])
})

test('an access token works for as long as its session is open', async () => {
  unwrap(await stub().create(input()))
  const first = unwrap(await stub().openSession('a long password'))
  const second = unwrap(await stub().openSession('a long password'))
  if (!first || !second) throw new Error('not signed in')
  const admitted = (session: string) => stub().admit(session, false)
  expect(await admitted(first.session.family)).toMatchObject({ ok: true })
  unwrap(await stub().rotateSession(first.session.id))
  expect(await admitted(first.session.family)).toMatchObject({ ok: true })
  await stub().closeSession(first.session.id)
  expect(await admitted(first.session.family)).toMatchObject(refused('ExpiredToken'))
  expect(await stub().write({ writes: [] }, first.session.family)).toMatchObject(
    refused('ExpiredToken'),
  )
  expect(await admitted(second.session.family)).toMatchObject({ ok: true })
  unwrap(await stub().setPassword('another password'))
  expect(await admitted(second.session.family)).toMatchObject(refused('ExpiredToken'))
})

test('who had an account cannot get into the one that somebody else makes with the same DID', async () => {
  unwrap(await stub().create(input()))
  const before = unwrap(await stub().openSession('a long password'))
  const family = before?.session.family ?? ''
  expect(await stub().admit(family, false)).toMatchObject({ ok: true })
  unwrap(await stub().destroy())
  unwrap(await stub().create({ ...input(), password: 'another password' }))
  expect(await stub().admit(family, false)).toMatchObject(refused('ExpiredToken'))
})

test('an account that is begun anew while the one before it is looked at stays', async () => {
  unwrap(await stub().prepare(input()))
  await runInDurableObject(stub(), (_, { storage }) => {
    storage.sql.exec("UPDATE account SET created_at = '2020-01-01T00:00:00.000Z'")
  })
  await evictDurableObject(stub())
  // The alarm asks the directory; before it has its answer the owner has come again.
  const [, made] = await Promise.all([runDurableObjectAlarm(stub()), stub().create(input())])
  unwrap(made)
  await runDurableObjectAlarm(stub())
  expect(await status()).toBe('active')
})

test('an app password opens lesser sessions, which end with it', async () => {
  unwrap(await stub().create(input()))
  unwrap(await stub().addAppPassword('app', 'aaaa-bbbb-cccc-dddd', false))
  unwrap(await stub().addAppPassword('other', 'eeee-ffff-gggg-hhhh', true))
  const sameName = await stub().addAppPassword('app', 'iiii-jjjj-kkkk-llll', false)
  expect(sameName).toMatchObject(refused('InvalidRequest'))
  const opened = unwrap(await stub().openSession('aaaa-bbbb-cccc-dddd'))
  expect(opened?.session).toMatchObject({ scope: 'com.atproto.appPass', appPassword: 'app' })
  const privileged = unwrap(await stub().openSession('eeee-ffff-gggg-hhhh'))
  expect(privileged?.session.scope).toBe('com.atproto.appPassPrivileged')
  expect(unwrap(await stub().openSession('iiii-jjjj-kkkk-llll'))).toBeNull()
  await stub().removeAppPassword('app')
  expect(await stub().admit(opened?.session.family ?? '', false)).toMatchObject(
    refused('ExpiredToken'),
  )
  expect(unwrap(await stub().openSession('aaaa-bbbb-cccc-dddd'))).toBeNull()
  expect((await stub().listAppPasswords()).map(({ name }) => name)).toEqual(['other'])
})

test('a taken-down account signs in only to move away', async () => {
  unwrap(await stub().create(input()))
  const before = unwrap(await stub().openSession('a long password'))
  unwrap(await stub().setTakedown('spam'))
  expect(await stub().admit(before?.session.family ?? '', true)).toMatchObject(
    refused('ExpiredToken'),
  )
  expect(await stub().openSession('a long password')).toMatchObject(refused('AccountTakedown'))
  const opened = unwrap(await stub().openSession('a long password', { allowTakendown: true }))
  expect(opened?.session.scope).toBe('com.atproto.takendown')
  const family = opened?.session.family ?? ''
  expect(await stub().admit(family, false)).toMatchObject(refused('AccountTakedown'))
  expect(await stub().admit(family, true)).toMatchObject({ ok: true })
})

describe('a new signing key', () => {
  test('signs the head anew and is told of', async () => {
    unwrap(await stub().create(input()))
    const before = unwrap(await stub().latestCommit())
    const key = SigningKey.generate('p256')
    unwrap(await stub().changeKey(key.toBytes()))
    expect(unwrap(await stub().publicKey())).toBe(key.did())
    const after = unwrap(await stub().latestCommit())
    expect(after.rev > before.rev).toBe(true)
    expect((await told()).slice(4)).toEqual(['#identity', '#sync'])
    await evictDurableObject(stub())
    expect(unwrap(await stub().publicKey())).toBe(key.did())
  })

  test('does not take over while the PLC directory has not said so', async () => {
    did = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
    unwrap(await stub().create(input()))
    const before = unwrap(await stub().publicKey())
    const next = SigningKey.generate()
    const plc = vi.spyOn(globalThis, 'fetch')
    plc.mockRejectedValue(new Error('the directory is down'))
    expect(await stub().changeKey(next.toBytes())).toMatchObject(refused('UpstreamFailure'))
    // Whether the directory knows the new key is open: until that is settled nothing is signed.
    expect(await stub().write({ writes: [] })).toMatchObject(refused('UpstreamFailure'))
    plc.mockImplementation(async () =>
      Response.json({
        did,
        rotationKeys: [],
        verificationMethods: { atproto: before },
        alsoKnownAs: [],
        services: {},
      }),
    )
    expect(unwrap(await stub().publicKey())).toBe(before)
    plc.mockRestore()
  })
})
