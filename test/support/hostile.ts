/** What somebody does who wants to harm a host: each is one step, of some requests, from one address. */
import { createHash, randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { loopbackClient, publicOrigin } from './oauth.ts'
import { HANDLE } from './server.ts'

export interface Attacker {
  readonly origin: string
  readonly address: string
  /** Of an account that the attacker has made. */
  readonly did: string
  readonly accessJwt: string
  /** Called with the status of each answer. */
  saw(status: number, what: string): void
  /** Sockets that are held open; closed at the end. */
  hold(close: () => void): void
}

type Step = (attacker: Attacker) => Promise<void>

const XRPC = '/xrpc/'
const json = { 'content-type': 'application/json' }

async function send(
  { origin, address, saw }: Attacker,
  what: string,
  path: string,
  init: RequestInit & { headers?: Record<string, string> } = {},
): Promise<void> {
  const headers = { 'x-forwarded-for': address, ...init.headers }
  const response = await fetch(`${origin}${path}`, { redirect: 'manual', ...init, headers })
  // A little of the answer, as much as there is.
  await response.arrayBuffer()
  saw(response.status, what)
}

const post = (attacker: Attacker, nsid: string, body: unknown, headers = {}) =>
  send(attacker, nsid, XRPC + nsid, {
    method: 'POST',
    headers: { ...json, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

const own = ({ accessJwt }: Attacker) => ({ authorization: `Bearer ${accessJwt}` })
const noise = (bytes: number) => randomBytes(bytes / 2).toString('hex')
const pick = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)] as T

/** Opens a connection, sends a request and reads nothing of the answer. */
const stall =
  (path: string, more: string[] = []): Step =>
  async ({ origin, address, hold }) => {
    const { hostname, port } = new URL(origin)
    const socket = connect({ host: hostname, port: Number(port) })
    socket.on('error', () => undefined)
    await new Promise((resolve) => socket.once('connect', resolve))
    const head = [`GET ${path} HTTP/1.1`, `Host: ${hostname}`, `X-Forwarded-For: ${address}`]
    socket.write(`${[...head, ...more].join('\r\n')}\r\n\r\n`)
    socket.pause()
    hold(() => socket.destroy())
  }

const UPGRADE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
]

let key: Promise<{ jwk: object; privateKey: CryptoKey; thumbprint: string }> | undefined
const makeKey = async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(publicKey)
  return { jwk, privateKey, thumbprint: await calculateJwkThumbprint(jwk) }
}

/** A pushed authorization request; its nonce is taken from the answer before. */
let nonce = ''
const push: Step = async (attacker) => {
  key ??= makeKey()
  const { jwk, privateKey } = await key
  const url = `${publicOrigin(attacker.origin)}/oauth/par`
  const claims = { htm: 'POST', htu: url, jti: noise(200), ...(nonce && { nonce }) }
  const dpop = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
    .setIssuedAt()
    .sign(privateKey)
  const response = await fetch(url, {
    method: 'POST',
    headers: { dpop, 'x-forwarded-for': attacker.address },
    body: new URLSearchParams({
      client_id: loopbackClient('atproto'),
      redirect_uri: 'http://127.0.0.1/callback',
      response_type: 'code',
      scope: 'atproto',
      state: noise(pick([20, 2_000, 90_000])),
      code_challenge_method: 'S256',
      code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
    }),
  })
  nonce = response.headers.get('dpop-nonce') ?? nonce
  await response.arrayBuffer()
  attacker.saw(response.status, 'PAR')
}

const car = () => Buffer.concat([Buffer.from([0x3a]), randomBytes(200_000)])

/** Each with how often it is chosen. */
const steps: readonly [number, Step][] = [
  [
    6,
    (a) =>
      post(a, 'com.atproto.server.createSession', {
        identifier: pick([HANDLE, `@${HANDLE}`, `nobody-${noise(8)}.test`, 'a@b.example']),
        password: noise(20),
      }),
  ],
  [
    2,
    (a) =>
      post(a, 'com.atproto.server.deleteAccount', {
        did: `did:web:${HANDLE}`,
        password: noise(20),
        token: 'AAAAA-AAAAA',
      }),
  ],
  [
    2,
    (a) =>
      send(a, 'operator', `${XRPC}com.atproto.admin.getInviteCodes`, {
        headers: { authorization: `Basic ${btoa(`admin:${noise(20)}`)}` },
      }),
  ],
  [4, push],
  [4, (a) => send(a, '/account', '/account', { headers: { 'user-agent': noise(14_000) } })],
  [1, (a) => post(a, 'com.atproto.server.requestPasswordReset', { email: 'alice@example.com' })],
  [1, (a) => post(a, 'com.atproto.server.createSession', `{"identifier":"${noise(400_000)}`)],
  [
    3,
    (a) =>
      send(a, 'uploadBlob', `${XRPC}com.atproto.repo.uploadBlob`, {
        method: 'POST',
        headers: { ...own(a), 'content-type': 'image/png' },
        body: randomBytes(pick([1_000, 500_000, 7_000_000])),
      }),
  ],
  [
    1,
    (a) =>
      send(a, 'importRepo', `${XRPC}com.atproto.repo.importRepo`, {
        method: 'POST',
        headers: { ...own(a), 'content-type': 'application/vnd.ipld.car' },
        body: car(),
      }),
  ],
  [
    4,
    (a) =>
      post(
        a,
        'com.atproto.repo.createRecord',
        {
          repo: a.did,
          collection: `com.example.${pick(['a', 'b', 'c'])}${Math.floor(Math.random() * 50)}`,
          record: { text: noise(pick([10, 1_000])) },
        },
        own(a),
      ),
  ],
  [2, (a) => post(a, 'com.atproto.repo.applyWrites', { repo: a.did, writes: [] }, own(a))],
  [6, (a) => send(a, 'describeRepo', `${XRPC}com.atproto.repo.describeRepo?repo=${a.did}`)],
  [
    6,
    (a) =>
      send(
        a,
        'listRecords',
        `${XRPC}com.atproto.repo.listRecords?repo=${a.did}&collection=com.example.a1&limit=100`,
      ),
  ],
  [3, (a) => send(a, 'getRepo', `${XRPC}com.atproto.sync.getRepo?did=${a.did}`)],
  [4, (a) => send(a, 'nonsense', `${XRPC}${noise(20)}.${noise(20)}.x${noise(10)}`)],
  [
    2,
    (a) =>
      send(
        a,
        'resolveHandle',
        `${XRPC}com.atproto.identity.resolveHandle?handle=x${noise(8)}.test`,
      ),
  ],
  [
    2,
    (a) => send(a, 'did.json', '/.well-known/did.json', { headers: { host: `x${noise(8)}.test` } }),
  ],
  [1, stall(`${XRPC}com.atproto.sync.subscribeRepos?cursor=0`, UPGRADE)],
  [1, stall(`${XRPC}com.atproto.sync.getRepo?did=did:web:${HANDLE}`)],
]

const weights = steps.reduce((sum, [weight]) => sum + weight, 0)

/** One of the steps, by chance. */
export function harm(attacker: Attacker): Promise<void> {
  let at = Math.random() * weights
  for (const [weight, step] of steps) {
    at -= weight
    if (at < 0) return step(attacker)
  }
  return Promise.resolve()
}
