/**
 * Nonsense against the real server: whatever comes in, the answer is never a 5xx, and the repository is
 * sound afterwards. Seeded, so that each run is the same; `npm run test:long` runs ten times as many.
 */
import { AtpAgent } from '@atproto/api'
import { Secp256k1Keypair } from '@atproto/crypto'
import { encode } from '@atproto/lex-cbor'
import { cidForCbor, type LexValue } from '@atproto/lex-data'
import { BlockMap, blocksToCarFile, readCarWithRoot, verifyRepoCar } from '@atproto/repo'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { localResolver } from '../support/identity.ts'
import { HANDLE, PASSWORD, startServer, type TestServer } from '../support/server.ts'

const SEED = 20261121
const SCALE = process.env.CUMULUS_LONG ? 10 : 0.4
const PARALLEL = 8

let server: TestServer
let agent: AtpAgent

beforeAll(async () => {
  server = await startServer({ env: { LOG_LEVEL: 'error' } })
  agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: HANDLE, password: PASSWORD })
  for (let i = 0; i < 30; i++) await agent.post({ text: `post ${i % 10}` })
})
afterAll(() => server?.stop())

const authorization = () => ({ authorization: `Bearer ${agent.session?.accessJwt}` })

type Sent = Omit<RequestInit, 'body'> & { body?: string | Uint8Array }

/** Sends requests a few at a time and returns what was answered with a 5xx, or not at all. */
async function failures(requests: readonly (readonly [string, Sent])[]): Promise<unknown[]> {
  const failed: unknown[] = []
  let next = 0
  const worker = async () => {
    for (;;) {
      const request = requests[next++]
      if (!request) return
      const [path, init] = request
      try {
        const response = await fetch(`${server.origin}${path}`, init as RequestInit)
        const text = await response.text()
        // 501 says that there is no such method, and is a right answer to that.
        if (response.status >= 500 && response.status !== 501)
          failed.push({ path, status: response.status, text, init })
        else if (response.status >= 400) expect(JSON.parse(text)).toHaveProperty('error')
      } catch (error) {
        failed.push({ path, error, init })
      }
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker))
  return failed
}

/** The repository can be exported and verified. */
async function expectSound(): Promise<number> {
  const did = agent.assertDid
  const key = await localResolver(server.origin).did.resolveAtprotoKey(did)
  const { data: car } = await agent.com.atproto.sync.getRepo({ did })
  return (await verifyRepoCar(car, did, key)).creates.length
}

const json = fc.oneof(
  fc.json({ maxDepth: 5 }),
  fc.json({ noUnicodeString: false }),
  fc.string(),
  fc.constantFrom('', 'null', '[]', '{}', '{"__proto__":{}}', '1e999', '"\\ud800"', '{"a":'),
)
const special = fc.constantFrom<unknown>(
  { $link: 'bafyreiarsf4bwzvv56k5hfkphewmtdhhqunlv7ul6xughvsipk3jfmoezu' },
  { $link: 'nonsense' },
  { $link: 5 },
  { $bytes: 'AAEC' },
  { $bytes: '?' },
  { $type: 'blob' },
  {
    $type: 'blob',
    ref: { $link: 'bafkreictp7zk4c4lnnvti2sosksop7zdntwjaemde3pwd653folieerj74' },
    mimeType: 'image/png',
    size: 1,
  },
  { $type: 'app.bsky.embed.images', images: [{}] },
  { cid: 'bafkreictp7zk4c4lnnvti2sosksop7zdntwjaemde3pwd653folieerj74', mimeType: 'a/b' },
  1.5,
  2 ** 53,
  -1,
  'x'.repeat(10_000),
)
const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), special, fc.array(special, { maxLength: 3 }))
const collection = fc.oneof(
  fc.constantFrom(
    'app.bsky.feed.post',
    'app.bsky.feed.like',
    'app.bsky.actor.profile',
    'com.example.any',
  ),
  fc.string(),
)
const rkey = fc.oneof(
  fc.constantFrom('self', '3l2s5poxi422p', '.', '..', 'a/b', 'x'.repeat(513)),
  fc.string(),
)
const record = fc.dictionary(
  fc.oneof(fc.constantFrom('$type', 'text', 'createdAt', 'embed', 'subject', 'reply'), fc.string()),
  value,
  { maxKeys: 5 },
)
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

test('record bodies', { timeout: 120_000 }, async () => {
  const write = fc.record({
    method: fc.constantFrom('createRecord', 'putRecord', 'deleteRecord', 'applyWrites'),
    repo: fc.oneof(
      { weight: 9, arbitrary: fc.constant(HANDLE) },
      { weight: 1, arbitrary: fc.string() },
    ),
    collection,
    rkey: maybe(rkey),
    record: fc.oneof(record, value),
    validate: maybe(fc.oneof(fc.boolean(), value)),
    swapCommit: maybe(fc.string()),
    swapRecord: maybe(fc.option(fc.string())),
    raw: fc.option(json, { freq: 5 }),
  })
  const requests = fc
    .sample(write, { seed: SEED, numRuns: 4000 * SCALE })
    .map(({ method, raw, ...body }) => {
      const op = fc.sample(fc.constantFrom('create', 'update', 'delete', 'other'), 1)[0]
      const writes = [{ $type: `com.atproto.repo.applyWrites#${op}`, ...body, value: body.record }]
      const sent = raw ?? JSON.stringify(method === 'applyWrites' ? { ...body, writes } : body)
      return [
        `/xrpc/com.atproto.repo.${method}`,
        {
          method: 'POST',
          headers: { ...authorization(), 'content-type': 'application/json' },
          body: sent,
        },
      ] as const
    })
  expect(await failures(requests)).toEqual([])
  expect(await expectSound()).toBeGreaterThan(30)
})

test('parameters', { timeout: 120_000 }, async () => {
  const queries = fc.record({
    method: fc.constantFrom(
      'com.atproto.repo.getRecord',
      'com.atproto.repo.listRecords',
      'com.atproto.repo.describeRepo',
      'com.atproto.repo.listMissingBlobs',
      'com.atproto.sync.getRepo',
      'com.atproto.sync.getRecord',
      'com.atproto.sync.getBlocks',
      'com.atproto.sync.getBlob',
      'com.atproto.sync.listBlobs',
      'com.atproto.sync.getLatestCommit',
      'com.atproto.sync.getRepoStatus',
      'com.atproto.sync.listRepos',
      'com.atproto.sync.getHead',
      'com.atproto.sync.subscribeRepos',
      'com.atproto.identity.resolveHandle',
      'com.atproto.server.createSession',
      'app.bsky.feed.getTimeline',
      'com.example.unknown',
    ),
    params: fc.array(
      fc.tuple(
        fc.oneof(
          fc.constantFrom(
            'repo',
            'did',
            'collection',
            'rkey',
            'cid',
            'cids',
            'limit',
            'cursor',
            'reverse',
            'since',
            'handle',
          ),
          fc.string(),
        ),
        fc.oneof(
          fc.constantFrom(
            HANDLE,
            `did:web:${HANDLE}`,
            'did:web:nobody.test',
            'app.bsky.feed.post',
            'self',
            '0',
            '-1',
            '50',
            '101',
            '1e3',
            'true',
            'false',
            'yes',
            '',
            '3l2s5poxi422p',
            'bafyreiarsf4bwzvv56k5hfkphewmtdhhqunlv7ul6xughvsipk3jfmoezu',
            'bafkreictp7zk4c4lnnvti2sosksop7zdntwjaemde3pwd653folieerj74',
            'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG',
          ),
          fc.string({ unit: 'binary', maxLength: 40 }),
        ),
      ),
      { maxLength: 6 },
    ),
    signedIn: fc.boolean(),
  })
  const requests = fc
    .sample(queries, { seed: SEED, numRuns: 4000 * SCALE })
    .map(
      ({ method, params, signedIn }) =>
        [
          `/xrpc/${method}?${params.map(([name, text]) => `${safe(name)}=${safe(text)}`).join('&')}`,
          { headers: signedIn ? authorization() : {} },
        ] as const,
    )
  expect(await failures(requests)).toEqual([])
})

/** Lone surrogates cannot be sent in an address. */
const safe = (text: string) => encodeURIComponent(text.replaceAll(/\p{Cs}/gu, ''))

test('repositories to import', { timeout: 240_000 }, async () => {
  const did = agent.assertDid
  const { data: car } = await agent.com.atproto.sync.getRepo({ did })
  const before = await expectSound()
  const { root, blocks } = await readCarWithRoot(car)
  const stranger = await Secp256k1Keypair.create()
  const damage = fc.record({
    kind: fc.constantFrom(
      'flip',
      'cut',
      'drop',
      'insert',
      'missing',
      'wrongRoot',
      'wrongSignature',
      'random',
      'varint',
    ),
    at: fc.nat(),
    byte: fc.integer({ min: 1, max: 255 }),
    bytes: fc.uint8Array({ maxLength: 60 }),
  })
  const files = await Promise.all(
    fc
      .sample(damage, { seed: SEED, numRuns: 2500 * SCALE })
      .map(async ({ kind, at, byte, bytes }) => {
        const place = at % car.byteLength
        const [head, tail] = [car.slice(0, place), car.slice(place)]
        switch (kind) {
          case 'flip': {
            const damaged = car.slice()
            damaged[place] = (damaged[place] ?? 0) ^ byte
            return damaged
          }
          case 'cut':
            return head
          case 'drop':
            return Buffer.concat([head, tail.slice(1 + (byte % 40))])
          case 'insert':
            return Buffer.concat([head, bytes, Buffer.from([byte]), tail])
          case 'missing': {
            const cids = blocks.cids()
            const without = new BlockMap(
              blocks.entries().map(({ cid, bytes: block }) => [cid, block]),
            )
            return blocksToCarFile(root, without.delete(cids[at % cids.length] ?? root))
          }
          case 'wrongRoot': {
            const others = blocks.cids().filter((cid) => !cid.equals(root))
            return blocksToCarFile(others[at % others.length] ?? null, blocks)
          }
          case 'wrongSignature': {
            const unsigned = { did, version: 3, rev: '3l2s5poxi422p', prev: null, data: root }
            const commit = encode({
              ...unsigned,
              sig: await stranger.sign(encode(unsigned)),
            } as LexValue)
            const cid = await cidForCbor(commit)
            return blocksToCarFile(cid, new BlockMap([[cid, commit]]).addMap(blocks))
          }
          case 'random':
            return bytes
          case 'varint':
            return Buffer.concat([
              car.slice(0, 59),
              Buffer.alloc(1 + (at % 12), 0x80 | byte),
              bytes,
            ])
        }
      }),
  )
  const requests = files.map(
    (body) =>
      [
        '/xrpc/com.atproto.repo.importRepo',
        {
          method: 'POST',
          headers: { ...authorization(), 'content-type': 'application/vnd.ipld.car' },
          body,
        },
      ] as const,
  )
  expect(await failures(requests)).toEqual([])
  expect(await expectSound()).toBe(before)
})
