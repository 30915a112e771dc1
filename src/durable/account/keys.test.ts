import { verifyJwt } from '@atproto/xrpc-server'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { SigningKey } from '../../kernel/crypto/signing-key.ts'
import { RecoveryCodes } from '../../storage/account/recovery-codes.ts'
import { TotpStore } from '../../storage/account/totp.ts'
import { StorageError } from '../../storage/error.ts'
import { type AccountParts, DID, waitingEvents, withAccount } from '../../testing/account-parts.ts'
import { standIn } from '../../testing/stand-in.ts'
import { Keys } from './keys.ts'
import { ServiceTokens } from './service-tokens.ts'
import type { Sessions } from './sessions.ts'

const PLC_DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'

const factorsOf = ({ sql }: AccountParts['core']) => ({
  totp: new TotpStore(sql),
  recoveryCodes: new RecoveryCodes(sql),
})
const keysOf = ({ core, store }: AccountParts) => new Keys(core, store, factorsOf(core))

afterEach(() => {
  vi.restoreAllMocks()
})

/** The PLC directory, as `answer` has it. */
const mockPlc = (answer: (request: Request) => Response | Promise<Response>) =>
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (...args) => answer(new Request(...args)))

/** What the PLC directory tells of an identity with this signing key. */
const identityWith = (key: SigningKey) =>
  Response.json({ did: PLC_DID, verificationMethods: { atproto: key.did() } })

/** The last operation of an identity, as the directory has it. */
const lastOperation = () =>
  Response.json({
    type: 'plc_operation',
    rotationKeys: [],
    verificationMethods: {},
    alsoKnownAs: [],
    services: {},
    prev: null,
    sig: '',
  })

describe('the signing key', () => {
  test('is the one in the store, which another secret does not open', () =>
    withAccount(async (parts) => {
      expect(await keysOf(parts).publicKey()).toBe(parts.key.did())
      const config = { ...parts.config, keySecret: 'another secret, long enough' }
      const keys = new Keys({ ...parts.core, config }, parts.store, factorsOf(parts.core))
      await expect(keys.current()).rejects.toMatchObject({ name: 'DecryptionError' })
    }))

  test('of an account that is gone is in memory no more once it is forgotten', () =>
    withAccount(async (parts) => {
      const keys = keysOf(parts)
      const other = SigningKey.generate()
      keys.cache(other)
      expect(await keys.publicKey()).toBe(other.did())
      keys.cache(undefined)
      expect(await keys.publicKey()).toBe(parts.key.did())
    }))

  test('is replaced at once where the DID is no did:plc, with a commit signed anew', () =>
    withAccount(async (parts) => {
      const before = parts.repo.headStrings()
      const next = SigningKey.generate('p256')
      await keysOf(parts).rotate(next.toBytes())
      expect(await keysOf(parts).publicKey()).toBe(next.did())
      expect(parts.repo.headStrings().rev > before.rev).toBe(true)
      expect(waitingEvents(parts)).toEqual(['#identity', '#sync'])
      expect(parts.core.changed).toHaveBeenCalledOnce()
    }))
})

describe('a rotation of a did:plc', () => {
  test('holds back what is to be signed until the directory has answered', () =>
    withAccount(
      async (parts) => {
        const { promise: accepted, resolve: accept } = Promise.withResolvers<Response>()
        const { promise: submitted, resolve: submit } = Promise.withResolvers<void>()
        mockPlc(({ method }) => {
          if (method === 'GET') return lastOperation()
          submit()
          return accepted
        })
        const keys = keysOf(parts)
        const next = SigningKey.generate()
        const rotating = keys.rotate(next.toBytes())
        const order: string[] = []
        const waiting = keys.current().then((key) => {
          order.push('signed')
          return key
        })
        await submitted
        order.push('accepted')
        accept(new Response())
        await rotating
        expect((await waiting).did()).toBe(next.did())
        expect(order).toEqual(['accepted', 'signed'])
      },
      { did: PLC_DID },
    ))

  test('that the directory refuses leaves the key as it was', () =>
    withAccount(
      async (parts) => {
        mockPlc(({ method }) =>
          method === 'GET' ? lastOperation() : Response.json({ message: 'no' }, { status: 400 }),
        )
        const keys = keysOf(parts)
        await expect(keys.rotate(SigningKey.generate().toBytes())).rejects.toMatchObject({
          message: 'PLC directory: no',
        })
        expect(parts.profile.sealedNextKey()).toBeUndefined()
        expect(await keys.publicKey()).toBe(parts.key.did())
        expect(parts.core.changed).not.toHaveBeenCalled()
      },
      { did: PLC_DID },
    ))

  test('that the directory did not answer is open: the next signature finds out', () =>
    withAccount(
      async (parts) => {
        const next = SigningKey.generate()
        mockPlc(({ method, url }) => {
          if (method === 'POST') return new Response(null, { status: 503 })
          return url.endsWith('/data') ? identityWith(next) : lastOperation()
        })
        const keys = keysOf(parts)
        await expect(keys.rotate(next.toBytes())).rejects.toMatchObject({ name: 'PlcError' })
        expect(parts.profile.sealedNextKey()).toBeDefined()
        expect(await keys.publicKey()).toBe(next.did())
        expect(parts.profile.sealedNextKey()).toBeUndefined()
      },
      { did: PLC_DID },
    ))

  test('that broke off is completed or given up, as the directory has it', async () => {
    for (const isKnown of [true, false]) {
      await withAccount(
        async (parts) => {
          const keys = keysOf(parts)
          const next = SigningKey.generate()
          parts.profile.update({ nextSigningKey: await keys.seal(next) })
          const plc = mockPlc(() => identityWith(isKnown ? next : parts.key))
          const counted = isKnown ? next : parts.key
          expect((await keys.current()).did()).toBe(counted.did())
          expect((await keysOf(parts).current()).did()).toBe(counted.did())
          expect(plc).toHaveBeenCalledOnce()
          expect(waitingEvents(parts)).toEqual(isKnown ? ['#identity', '#sync'] : [])
          expect(parts.core.changed).toHaveBeenCalledTimes(isKnown ? 1 : 0)
          plc.mockRestore()
        },
        { did: PLC_DID },
      )
    }
  })

  test('that broke off keeps everything from being signed while the directory is down', () =>
    withAccount(
      async (parts) => {
        const keys = keysOf(parts)
        parts.profile.update({ nextSigningKey: await keys.seal(SigningKey.generate()) })
        mockPlc(() => new Response(null, { status: 503 }))
        await expect(keys.current()).rejects.toMatchObject({ name: 'PlcError' })
        expect(parts.profile.sealedNextKey()).toBeDefined()
      },
      { did: PLC_DID },
    ))
})

describe('a service token', () => {
  const aud = 'did:web:appview.test'
  const lxm = 'app.bsky.feed.getTimeline'

  const tokensOf = (
    { core, key, repo }: AccountParts,
    assertAuthorized: Sessions['assertAuthorized'] = () => undefined,
  ) =>
    new ServiceTokens(core, standIn<Keys>({ current: async () => key }), { assertAuthorized }, repo)

  test('is signed in the name of the account, for one service and one method', () =>
    withAccount(async (parts) => {
      const { token, rev } = await tokensOf(parts).forForwarding({ aud, lxm })
      expect(rev).toBe(parts.repo.headStrings().rev)
      const claims = await verifyJwt(token, aud, lxm, async () => parts.key.did())
      expect(claims).toMatchObject({ iss: DID, aud, lxm })
    }))

  test('is a new one each time, unless a service takes one again', () =>
    withAccount(async (parts) => {
      const tokens = tokensOf(parts)
      const give = async (input: object) =>
        await tokens.forForwarding({ aud, lxm, session: 'one', reuse: true, ...input })
      const first = await give({})
      expect(first.isReused).toBe(false)
      expect(await give({})).toMatchObject({ token: first.token, isReused: true })
      const others = [{ aud: 'did:web:other.test' }, { lxm: 'a.b.c' }, { session: 'two' }]
      for (const other of [...others, { session: null }, { reuse: false }]) {
        const { token, isReused } = await give(other)
        expect(token).not.toBe(first.token)
        expect(isReused).toBe(false)
      }
      expect((await give({})).token).toBe(first.token)
      expect(await tokens.sign({ aud, lxm, session: 'one' })).not.toBe(first.token)
    }))

  test('that is used again has half of its minute left', () =>
    withAccount(async (parts) => {
      const tokens = tokensOf(parts)
      const give = async () => (await tokens.forForwarding({ aud, lxm, reuse: true })).token
      const now = Date.now()
      const clock = vi.spyOn(Date, 'now').mockReturnValue(now)
      const first = await give()
      clock.mockReturnValue(now + 29_900)
      expect(await give()).toBe(first)
      clock.mockReturnValue(now + 30_000)
      const second = await give()
      expect(second).not.toBe(first)
      const { exp } = await verifyJwt(second, aud, lxm, async () => parts.key.did())
      expect(exp - (now + 30_000) / 1000).toBeGreaterThan(58)
    }))

  test('is made anew after the key, the status or all sessions of the account have changed', () =>
    withAccount(async (parts) => {
      let key = parts.key
      const { core, repo, store } = parts
      const keys = standIn<Keys>({ current: async () => key })
      const tokens = new ServiceTokens(core, keys, { assertAuthorized: () => undefined }, repo)
      const give = async () => (await tokens.forForwarding({ aud, lxm, reuse: true })).token
      const given = [await give()]
      const changes = [
        () => {
          key = SigningKey.generate('p256')
        },
        () => store.setTakedown('a reason'),
        () => store.setTakedown(null),
        () => core.signOuts.add(),
      ]
      for (const change of changes) {
        change()
        const token = await give()
        expect(given).not.toContain(token)
        expect(await give()).toBe(token)
        given.push(token)
      }
      await verifyJwt(given.at(-1) ?? '', aud, lxm, async () => key.did())
    }))

  test('is looked at for its session each time, also one that was made before', () =>
    withAccount(async (parts) => {
      let isOpen = true
      const tokens = tokensOf(parts, () => {
        if (!isOpen) throw new StorageError('ExpiredToken', 'Token has been revoked')
      })
      const input = { aud, lxm, session: 'one', reuse: true }
      await tokens.forForwarding(input)
      isOpen = false
      await expect(tokens.forForwarding(input)).rejects.toMatchObject({ name: 'ExpiredToken' })
    }))

  test('is forgotten when there are many: an account has 32 at most', () =>
    withAccount(async (parts) => {
      const tokens = tokensOf(parts)
      const give = async (at: number) =>
        await tokens.forForwarding({ aud, lxm: `com.example.method${at}`, reuse: true })
      for (let at = 0; at < 33; at += 1) await give(at)
      expect((await give(32)).isReused).toBe(true)
      expect((await give(1)).isReused).toBe(true)
      expect((await give(0)).isReused).toBe(false)
    }))

  test('is refused to a session that is over', () =>
    withAccount(async (parts) => {
      const tokens = tokensOf(parts, () => {
        throw new StorageError('ExpiredToken', 'Token has been revoked')
      })
      const signing = tokens.sign({ aud, lxm, session: 'closed' })
      await expect(signing).rejects.toMatchObject({ name: 'ExpiredToken' })
    }))

  test('is for an account that was taken down, too, unless it is asked for otherwise', () =>
    withAccount(async (parts) => {
      const assertAuthorized = vi.fn()
      const tokens = tokensOf(parts, assertAuthorized)
      await tokens.sign({ aud, lxm, session: 'one' })
      await tokens.sign({ aud, lxm, session: null, evenTakendown: false })
      expect(assertAuthorized.mock.calls).toEqual([
        ['one', true],
        [null, false],
      ])
    }))
})
