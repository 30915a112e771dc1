/** Service tokens that others show here: to come with their identity, to upload, to moderate. */
import { createHmac } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Secp256k1Keypair } from '@atproto/crypto'
import { createServiceJwt } from '@atproto/xrpc-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SigningKey } from '../../src/kernel/crypto/signing-key.ts'
import { PlcDirectory } from '../../src/services/identity/plc.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

const AUDIENCE = 'did:web:localhost'
const CREATE = 'com.atproto.server.createAccount'
const UPLOAD = 'com.atproto.repo.uploadBlob'
const STATUS = 'com.atproto.admin.getSubjectStatus'

let plc: TestPlc
let server: TestServer
let directory: PlcDirectory
let moderator: Awaited<ReturnType<typeof register>>
const rotationKey = SigningKey.generate()
let made = 0

beforeAll(async () => {
  plc = await startPlc()
  directory = new PlcDirectory(
    {
      plcUrl: plc.url,
      plcRotationKey: Buffer.from(rotationKey.toBytes()).toString('hex'),
    },
    fetch,
  )
  moderator = await register()
  server = await startServer({
    env: {
      PDS_DID_PLC_URL: plc.url,
      PDS_REGISTRATION: 'open',
      PDS_MOD_SERVICE_URL: 'http://localhost:9',
      PDS_MOD_SERVICE_DID: moderator.did,
    },
  })
})

afterAll(async () => {
  await server?.stop()
  await plc?.stop()
})

/** Somebody elsewhere, who can change the key. */
async function register() {
  let key = SigningKey.generate()
  const handle = `person${made++}.test`
  const { did, op } = directory.genesis({
    signingKey: key.did(),
    rotationKeys: [rotationKey.did()],
    handle,
    pds: 'https://elsewhere.example.com',
  })
  await directory.submit(did, op)
  return {
    did,
    handle,
    key: () => key,
    async changeKey(type?: 'k256' | 'p256', id = 'atproto') {
      key = SigningKey.generate(type)
      await directory.update(did, (state) => ({
        ...state,
        verificationMethods: { ...state.verificationMethods, [id]: key.did() },
      }))
    },
  }
}

type Person = Awaited<ReturnType<typeof register>>
type Claims = Partial<Omit<Parameters<typeof createServiceJwt>[0], 'keypair'>>

const tokenOf = (person: Person, lxm: string, claims: Claims = {}) =>
  createServiceJwt({ iss: person.did, aud: AUDIENCE, lxm, keypair: person.key(), ...claims })

async function send(nsid: string, token: string, init: RequestInit = {}) {
  const response = await fetch(`${server.origin}/xrpc/${nsid}`, {
    ...init,
    headers: { authorization: `Bearer ${token}`, ...init.headers },
  })
  const { error } = (await response.json()) as { error?: string }
  return error ?? response.status
}

const create = ({ did, handle }: Person, token: string) =>
  send(CREATE, token, {
    method: 'POST',
    body: JSON.stringify({ did, handle, email: `${handle}@example.com`, password: 'a password' }),
    headers: { 'content-type': 'application/json' },
  })

const upload = (token: string) =>
  send(UPLOAD, token, { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } })

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds

/** Objects of accounts, by their files. */
const objectsOnDisk = (): string[] =>
  readdirSync(join(server.dataDirectory, 'objects', 'AccountObject'))
    .filter((name) => name.endsWith('.sqlite'))
    .sort()

test('a token of a stranger uploads nothing, and brings no object into being', async () => {
  const before = objectsOnDisk()
  const stranger = await register()
  for (let n = 0; n < 3; n++) {
    expect(await upload(await tokenOf(stranger, UPLOAD))).toBe('AccountNotFound')
  }
  expect(objectsOnDisk()).toEqual(before)
  expect(plc.requests.filter((request) => request === `GET /${stranger.did}`)).toEqual([])
})

describe('a token to come here with an identity', () => {
  test('is good for one use, by whomever', async () => {
    const person = await register()
    const token = await tokenOf(person, CREATE)
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => create(person, token)))
    expect(answers.sort()).toEqual([200, ...Array(4).fill('JwtReplayed')])
    expect(await create(person, token)).toBe('JwtReplayed')
  })

  test('is as good as before when what it was for was refused', async () => {
    const person = await register()
    const token = await tokenOf(person, CREATE)
    expect(await create({ ...person, handle: 'no handle' }, token)).toBe('InvalidRequest')
    expect(await create({ ...person, handle: 'alice.test' }, token)).toBe('HandleNotAvailable')
    expect(await create({ ...person, did: 'did:web:somebody.example.com' }, token)).toBe(
      'AuthenticationRequired',
    )
    expect(await create(person, token)).toBe(200)
    expect(await create(person, token)).toBe('JwtReplayed')
  })

  test('is the same token with another signature of the same', async () => {
    const person = await register()
    const token = await tokenOf(person, CREATE)
    expect(await create(person, token)).toBe(200)
    const [head, , signature = ''] = token.split('.')
    const bytes = Buffer.from(signature, 'base64url')
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
    const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`)
    bytes.write(s.toString(16).padStart(64, '0'), 32, 'hex')
    const twin = [head, token.split('.')[1], bytes.toString('base64url')].join('.')
    expect(twin).not.toBe(token)
    expect(await create(person, twin)).toBe('JwtReplayed')
  })

  test.each([
    ['for another host', { aud: 'did:web:elsewhere.example.com' }, 'BadJwtAudience'],
    ['for another method', { lxm: UPLOAD }, 'BadJwtLexiconMethod'],
    ['for any method', { lxm: null }, 'BadJwtLexiconMethod'],
    ['that has expired', { exp: inSeconds(-1) }, 'JwtExpired'],
    ['that is good for days', { exp: inSeconds(100_000) }, 'BadJwt'],
    ["of an account's service", { iss: 'did:web:a.test#svc' }, 'BadJwtIss'],
    ['of nobody', { iss: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' }, 'UnresolvableDid'],
  ])('%s is refused', async (_, claims, error) => {
    const person = await register()
    expect(await create(person, await tokenOf(person, CREATE, claims as Claims))).toBe(error)
  })

  test('that somebody else signed is refused, however it says it was signed', async () => {
    const person = await register()
    const stranger = await register()
    const forged = await createServiceJwt({
      iss: person.did,
      aud: AUDIENCE,
      lxm: CREATE,
      keypair: stranger.key(),
    })
    expect(await create(person, forged)).toBe('BadJwtSignature')
    expect(await create(person, await tokenOf(stranger, CREATE))).toBe('AuthenticationRequired')

    const claims = forged.split('.')[1]
    const encode = (header: object) => Buffer.from(JSON.stringify(header)).toString('base64url')
    const unsigned = `${encode({ typ: 'JWT', alg: 'none' })}.${claims}`
    expect(await create(person, `${unsigned}.`)).toBe('BadJwtSignature')
    const symmetric = `${encode({ typ: 'JWT', alg: 'HS256' })}.${claims}`
    const mac = createHmac('sha256', person.key().did()).update(symmetric).digest('base64url')
    expect(await create(person, `${symmetric}.${mac}`)).toBe('BadJwtSignature')
  })

  test('signed with a key that was just given up is refused', async () => {
    const person = await register()
    const old = await tokenOf(person, CREATE)
    // The old key is remembered here.
    await upload(await tokenOf(person, UPLOAD))
    await person.changeKey()
    expect(await create(person, old)).toBe('BadJwtSignature')
    expect(await create(person, await tokenOf(person, CREATE))).toBe(200)
  })
})

describe('a token to upload', () => {
  /** Somebody with an account here, whose document is in the directory. */
  async function hostedAccount() {
    const person = await register()
    expect(await create(person, await tokenOf(person, CREATE))).toBe(200)
    return person
  }

  test('may be shown again, as a video service has to that was broken off', async () => {
    const token = await tokenOf(await hostedAccount(), UPLOAD)
    expect([await upload(token), await upload(token)]).toEqual([200, 200])
  })

  test.each(['k256', 'p256'] as const)(
    'is good at once when its signer has a new key: %s',
    async (type) => {
      const person = await hostedAccount()
      expect(await upload(await tokenOf(person, UPLOAD))).toBe(200)
      plc.requests.length = 0
      expect(await upload(await tokenOf(person, UPLOAD))).toBe(200)
      expect(plc.requests).toEqual([])
      await person.changeKey(type)
      plc.requests.length = 0
      expect(await upload(await tokenOf(person, UPLOAD))).toBe(200)
      expect(plc.requests).toEqual([`GET /${person.did}`])
    },
  )

  test('is for accounts of this host', async () => {
    const stranger = await register()
    expect(await upload(await tokenOf(stranger, UPLOAD))).not.toBe(200)
  })
})

describe('a token to moderate', () => {
  const status = (token: string) => send(`${STATUS}?did=did:web:alice.test`, token)

  test('is good for one use, signed by the moderation service', async () => {
    const token = await tokenOf(moderator, STATUS)
    expect(await status(token)).toBe(200)
    expect(await status(token)).toBe('JwtReplayed')
  })

  test('may be signed with the key of its labeler', async () => {
    const account = moderator.key()
    await moderator.changeKey('k256', 'atproto_label')
    const iss = `${moderator.did}#atproto_labeler`
    expect(await status(await tokenOf(moderator, STATUS, { iss }))).toBe(200)
    const wrongKey = await createServiceJwt({ iss, aud: AUDIENCE, lxm: STATUS, keypair: account })
    expect(await status(wrongKey)).toBe('BadJwtSignature')
  })

  test('of anybody else is refused', async () => {
    expect(await status(await tokenOf(await register(), STATUS))).toBe('UntrustedIss')
    expect(await status(await tokenOf(moderator, CREATE))).toBe('BadJwtLexiconMethod')
    const key = await Secp256k1Keypair.create()
    const forged = await createServiceJwt({
      iss: moderator.did,
      aud: AUDIENCE,
      lxm: STATUS,
      keypair: key,
    })
    expect(await status(forged)).toBe('BadJwtSignature')
  })
})
