import { describe, expect, test } from 'vitest'
import { SigningKey } from '../../kernel/crypto/signing-key.ts'
import {
  DID,
  documentWith,
  makeResolver,
  NSID,
  type ProofOptions,
  proofOf,
  recordLexicon,
} from '../../testing/published-lexicons.ts'

const resolve = ({ resolver }: ReturnType<typeof makeResolver>) => resolver.lexicon(NSID, 'alice')

const failure = (kind: string, message: RegExp) =>
  expect.objectContaining({ name: 'LexiconError', kind, message: expect.stringMatching(message) })

const endless = () =>
  new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(4096)) })

/** What an account is asked for, and sends. */
function serving(answer: () => Response) {
  const made = makeResolver()
  made.network.publish(recordLexicon(NSID))
  made.network.host.set(NSID, answer)
  return made
}

const proving = (record: unknown, options?: ProofOptions) =>
  serving(() => new Response(proofOf(NSID, record, options)))

test('a lexicon is what its authority publishes, with proof', async () => {
  const made = makeResolver()
  made.network.publish(recordLexicon(NSID))
  const { nsid, did, cid, json } = await resolve(made)
  expect({ nsid, did }).toEqual({ nsid: NSID, did: DID })
  expect(cid).toMatch(/^bafyrei/)
  expect(JSON.parse(json)).toEqual(recordLexicon(NSID))
  expect(made.network.asked).toEqual(['_lexicon.book.example.com', NSID])
})

describe('a proof is refused', () => {
  const good = recordLexicon(NSID)
  test.each<[string, ProofOptions, RegExp]>([
    ['signed with another key', { key: SigningKey.generate() }, /not signed with/],
    ['of another account', { did: 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb' }, /another repository/],
    ['without its commit', { keep: (_, index) => index !== 0 }, /a block is missing/],
    ['without its tree', { keep: (_, index) => index !== 1 }, /a block is missing/],
    ['without the record', { keep: (_, index) => index !== 2 }, /a block is missing/],
  ])('%s', async (_, options, message) => {
    await expect(resolve(proving(good, options))).rejects.toThrow(failure('invalid', message))
  })

  test('that is no CAR file', async () => {
    const made = serving(() => new Response('hello'))
    await expect(resolve(made)).rejects.toThrow(failure('invalid', /CAR/))
  })

  test('in which a byte was changed', async () => {
    const car = proofOf(NSID, good)
    car[car.byteLength - 1] = (car.at(-1) ?? 0) ^ 1
    const made = serving(() => new Response(car))
    await expect(resolve(made)).rejects.toThrow(failure('invalid', /does not match its CID/))
  })

  test('that is too large, or has no end', async () => {
    for (const body of [() => new Uint8Array(600 * 1024), endless]) {
      const made = serving(() => new Response(body()))
      await expect(resolve(made)).rejects.toThrow(failure('unavailable', /did not give/))
    }
  })

  test('of a lexicon that is too large', async () => {
    const made = proving({ ...good, description: 'x'.repeat(300 * 1024) })
    await expect(resolve(made)).rejects.toThrow(failure('invalid', /too large/))
  })
})

test('a proof that there is no such record is taken for what it is', async () => {
  const made = proving(recordLexicon(NSID), { rkey: 'com.example.other' })
  await expect(resolve(made)).rejects.toThrow(failure('not-found', /publishes no lexicon/))
})

describe('a record is no lexicon', () => {
  const nested = (depth: number): unknown => (depth === 0 ? {} : { a: nested(depth - 1) })
  test.each<[string, unknown, RegExp]>([
    ['of another name', recordLexicon('com.example.book.other'), /another id/],
    ['of another type', { ...recordLexicon(NSID), $type: 'app.bsky.feed.post' }, /another type/],
    ['of another version', { ...recordLexicon(NSID), lexicon: 2 }, /lexicon: /],
    [
      'with defs of no known type',
      { ...recordLexicon(NSID), defs: { main: { type: 'x' } } },
      /defs/,
    ],
    ['that is nested without end', { ...recordLexicon(NSID), x: nested(100) }, /no lexicon/],
    ['that is no object', 'hello', /no lexicon/],
    [
      'with a definition that is no name',
      { ...recordLexicon(NSID), defs: { 'a=evil(),b': { type: 'token' } } },
      /"a=evil\(\),b" is no name for a definition/,
    ],
    [
      'with a field that is no name',
      recordLexicon(NSID, JSON.parse('{"__proto__":{"type":"string"}}')),
      /"__proto__" is no name for a field/,
    ],
    [
      'with a reference that is none',
      recordLexicon(NSID, { a: { type: 'ref', ref: '#a#b' } }),
      /"#a#b" is no reference/,
    ],
    [
      'with an error that is code',
      {
        ...recordLexicon(NSID),
        defs: { main: { type: 'query', errors: [{ name: `A'|import("data:,1")|'B` }] } },
      },
      /is no name for an error/,
    ],
    [
      'with a media type that is code',
      {
        ...recordLexicon(NSID),
        defs: { main: { type: 'query', output: { encoding: `a/b'|evil|'` } } },
      },
      /is no media type/,
    ],
  ])('%s', async (_, record, message) => {
    await expect(resolve(proving(record))).rejects.toThrow(failure('invalid', message))
  })
})

describe('an authority is not one', () => {
  test.each<[string, string[] | undefined, RegExp]>([
    ['that DNS does not know', undefined, /no did=/],
    ['without a DID', ['v=spf1 -all', 'did=nonsense'], /no did=/],
    ['with two', ['did=did:web:a.example.com', 'did=did:web:b.example.com'], /several/],
  ])('%s', async (_, texts, message) => {
    const made = makeResolver()
    if (texts) made.network.dns.set('_lexicon.book.example.com', texts)
    await expect(resolve(made)).rejects.toThrow(failure('not-found', message))
  })

  test('that stands for a name further up', async () => {
    const made = makeResolver()
    made.network.dns.set('_lexicon.example.com', [`did=${DID}`])
    await expect(resolve(made)).rejects.toThrow(failure('not-found', /_lexicon.book.example.com/))
    expect(made.network.asked).toEqual(['_lexicon.book.example.com'])
  })

  test('whose host is at a private address', async () => {
    const made = makeResolver()
    made.network.publish(recordLexicon(NSID))
    made.network.document = documentWith(SigningKey.generate(), 'https://192.168.1.1')
    await expect(resolve(made)).rejects.toThrow(failure('unavailable', /did not give/))
    expect(made.network.asked).toEqual(['_lexicon.book.example.com'])
  })
})

test('a key that changed since the DID document was read is found', async () => {
  const key = SigningKey.generate()
  const made = makeResolver({
    document: async (_, { fresh }) => documentWith(fresh ? key : SigningKey.generate()),
  })
  made.network.publish(recordLexicon(NSID), { key })
  expect(await resolve(made)).toMatchObject({ did: DID })
})

test('who never answers is given up on, and the next to ask is told at once', {
  timeout: 10_000,
}, async () => {
  const made = makeResolver()
  made.network.publish(recordLexicon(NSID))
  made.network.host.set(NSID, () => new Promise(() => {}))
  await expect(resolve(made)).rejects.toThrow(failure('unavailable', /too long|did not give/))
  await made.settled()
  made.network.asked.length = 0
  await expect(resolve(made)).rejects.toThrow(failure('unavailable', /did not give/))
  expect(made.network.asked).toEqual([])
})
