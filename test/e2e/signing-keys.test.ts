/** Accounts with keys of both curves, from sign-up to the exchange of the key for one of the other curve. */
import { AtpAgent } from '@atproto/api'
import { parseDidKey, verifySignature } from '@atproto/crypto'
import {
  def,
  getAndParseByDef,
  readCarWithRoot,
  verifyCommitSig,
  verifyRepoCar,
} from '@atproto/repo'
import { verifyJwt } from '@atproto/xrpc-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operatorOf } from '../support/accounts.ts'
import { FirehoseReader } from '../support/firehose.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

const ALG = { k256: 'ES256K', p256: 'ES256' } as const
const LXM = 'app.bsky.feed.getTimeline'
const AUD = 'did:web:appview.test'

let plc: TestPlc
beforeAll(async () => {
  plc = await startPlc()
})
afterAll(() => plc?.stop())

describe.each([
  ['k256', 'p256'],
  ['p256', 'k256'],
] as const)('an account that begins with a key of %s', (first, second) => {
  let server: TestServer
  let agent: AtpAgent
  let did: string
  let oldKey: string

  const start = async (curve: keyof typeof ALG, dataDirectory?: string) => {
    server = await startServer({
      env: {
        PDS_DID_PLC_URL: plc.url,
        PDS_REGISTRATION: 'open',
        PDS_SIGNING_KEY_TYPE: curve,
      },
      ...(dataDirectory && { dataDirectory }),
    })
  }

  beforeAll(() => start(first))
  afterAll(() => server?.stop())

  /** As the directory has it. */
  const publishedKey = async () => {
    const response = await fetch(`${plc.url}/${did}/data`)
    const { verificationMethods } = (await response.json()) as {
      verificationMethods: { atproto: string }
    }
    return verificationMethods.atproto
  }

  /** All that the account signs, as others verify it. @returns how many records it has */
  const verifyAll = async (curve: keyof typeof ALG) => {
    const key = await publishedKey()
    expect(parseDidKey(key).jwtAlg).toBe(ALG[curve])
    const { data: car } = await agent.com.atproto.sync.getRepo({ did })
    const { creates } = await verifyRepoCar(car, did, key)
    const { data } = await agent.com.atproto.server.getServiceAuth({ aud: AUD, lxm: LXM })
    await verifyJwt(
      data.token,
      AUD,
      LXM,
      async () => key,
      async (didKey, message, signature, alg) => {
        expect(alg).toBe(ALG[curve])
        // Also of tokens, in which others bear with a high S.
        return verifySignature(didKey, message, signature, { jwtAlg: alg })
      },
    )
    const { data: credentials } = await agent.com.atproto.identity.getRecommendedDidCredentials()
    expect(credentials.verificationMethods).toEqual({ atproto: key })
    return creates.length
  }

  test('signs what the protocol’s own packages verify', async () => {
    agent = new AtpAgent({ service: server.origin })
    const handle = `${first}-to-${second}.test`
    await agent.createAccount({ handle, email: 'a@example.com', password: 'a long password' })
    did = agent.assertDid
    for (let at = 0; at < 5; at += 1) await agent.post({ text: `post ${at}` })
    expect(await verifyAll(first)).toBe(5)
    oldKey = await publishedKey()
  })

  test('keeps its key when the host is told to make others, until it is exchanged for one of those', async () => {
    await server.stop()
    await start(second, server.dataDirectory)
    const { session } = agent
    agent = new AtpAgent({ service: server.origin })
    if (session) await agent.resumeSession(session)
    await agent.post({ text: 'of the old key' })
    expect(await verifyAll(first)).toBe(6)

    const { data } = await agent.com.atproto.server.reserveSigningKey({ did })
    const answer = await fetch(`${server.origin}/xrpc/com.atproto.admin.updateAccountSigningKey`, {
      method: 'POST',
      headers: { authorization: operatorOf(server), 'content-type': 'application/json' },
      body: JSON.stringify({ did, signingKey: data.signingKey }),
    })
    expect(answer.status).toBe(200)
    expect(await publishedKey()).toBe(data.signingKey)
    for (let at = 0; at < 3; at += 1) await agent.post({ text: `of the new key ${at}` })
    expect(await verifyAll(second)).toBe(9)
  })

  test('signs each event with the key that was published then', async () => {
    const newKey = await publishedKey()
    const reader = new FirehoseReader(server.origin, 0)
    const signed = () =>
      reader.events.filter(
        ({ type, body }) => ['#commit', '#sync'].includes(type) && (body.repo ?? body.did) === did,
      )
    // The empty repository and its head; six posts; the head with the new key; three posts.
    await reader.until(() => signed().length >= 12)
    reader.close()
    const keys: string[] = []
    for (const { body } of signed()) {
      const { root, blocks } = await readCarWithRoot(body.blocks as Uint8Array)
      const { obj: commit } = await getAndParseByDef(blocks, root, def.commit)
      const isNew = await verifyCommitSig(commit, newKey)
      expect(isNew || (await verifyCommitSig(commit, oldKey))).toBe(true)
      keys.push(isNew ? 'new' : 'old')
    }
    expect(keys).toEqual([...Array(8).fill('old'), ...Array(4).fill('new')])
  })
})
