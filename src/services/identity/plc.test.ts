import { describe, expect, test } from 'vitest'
import type { Fetch } from '../../kernel/net/guarded-fetch.ts'
import { PlcDirectory } from './plc.ts'
import { operationCid, parseOperation } from './plc-operation.ts'

const config = { plcUrl: 'https://plc.example.com', plcRotationKey: '11'.repeat(32) }
const local = new PlcDirectory(config, fetch)
const key = local.rotationDidKey()
const { did, op } = local.genesis({
  signingKey: key,
  rotationKeys: [key],
  handle: 'alice.example.com',
  pds: 'https://pds.example.com',
})

interface Sent {
  method: string
  url: string
  body: unknown
}

/** A directory that gives one answer to everything. */
function directory(answer: () => Response): { plc: PlcDirectory; sent: Sent[] } {
  const sent: Sent[] = []
  const fetch: Fetch = async (url, { method = 'GET', body }) => {
    sent.push({ method, url, body: typeof body === 'string' ? JSON.parse(body) : undefined })
    return answer()
  }
  return { plc: new PlcDirectory(config, fetch), sent }
}

describe('a change of an identity', () => {
  test('is signed on top of the last operation and submitted', async () => {
    const { plc, sent } = directory(() => Response.json(op))
    const next = await plc.update(did, (state) => ({ ...state, alsoKnownAs: ['at://b.example'] }))
    expect(next).toMatchObject({ alsoKnownAs: ['at://b.example'], prev: operationCid(op) })
    expect(next.sig).not.toBe(op.sig)
    const path = `https://plc.example.com/${encodeURIComponent(did)}`
    expect(sent).toEqual([
      { method: 'GET', url: `${path}/log/last`, body: undefined },
      { method: 'POST', url: path, body: next },
    ])
  })

  test('may be prepared without being submitted', async () => {
    const { plc, sent } = directory(() => Response.json(op))
    await plc.nextOperation(did, (state) => state)
    expect(sent.map(({ method }) => method)).toEqual(['GET'])
  })

  test('is refused once the identity has ended', async () => {
    const end = { type: 'plc_tombstone', prev: operationCid(op), sig: 'x' }
    const { plc, sent } = directory(() => Response.json(end))
    await expect(plc.update(did, (state) => state)).rejects.toThrow('DID is tombstoned')
    await expect(plc.tombstone(did)).rejects.toThrow('DID is tombstoned')
    expect(sent).toHaveLength(2)
  })
})

describe('an operation whose answer is lost', () => {
  const last = (operation: unknown) => Response.json(operation)
  const lost = () => {
    throw new TypeError('connection broken')
  }
  const refused = () =>
    Response.json({ message: 'Operations not correctly ordered' }, { status: 400 })
  const notFound = () => Response.json({ message: 'DID not registered' }, { status: 404 })

  /** Answers to each request in turn. */
  function answering(...answers: (() => Response)[]) {
    const methods: string[] = []
    const fetch: Fetch = async (_, { method = 'GET' }) => {
      methods.push(method)
      return (answers.shift() ?? lost)()
    }
    return { plc: new PlcDirectory(config, fetch), methods }
  }

  test.each<[string, (() => Response)[], string[]]>([
    ['is looked for in the log', [lost, () => last(op)], ['POST', 'GET']],
    [
      'is sent again when it is not there',
      [lost, notFound, () => new Response()],
      ['POST', 'GET', 'POST'],
    ],
    [
      'may be refused the second time since it was applied the first',
      [lost, lost, refused, () => last(op)],
      ['POST', 'GET', 'POST', 'GET'],
    ],
    [
      'may have been applied by a server that failed after it',
      [() => new Response(null, { status: 503 }), () => last(op)],
      ['POST', 'GET'],
    ],
  ])('%s', async (_, answers, expected) => {
    const { plc, methods } = answering(...answers)
    await plc.submit(did, op)
    expect(methods).toEqual(expected)
  })

  test('is refused for certain when it is not in the log after a refusal', async () => {
    const { plc } = answering(lost, notFound, refused, notFound)
    await expect(plc.submit(did, op)).rejects.toMatchObject({ statusCode: 400, isUnclear: false })
  })

  test('is unclear when nothing is answered at all, and a refusal alone is not', async () => {
    await expect(answering().plc.submit(did, op)).rejects.toMatchObject({
      statusCode: 502,
      isUnclear: true,
    })
    const { plc, methods } = answering(refused)
    await expect(plc.submit(did, op)).rejects.toMatchObject({ statusCode: 400, isUnclear: false })
    expect(methods).toEqual(['POST'])
  })
})

describe('what the directory refuses', () => {
  test('is told with its message as a bad request', async () => {
    const { plc } = directory(() =>
      Response.json({ message: 'Invalid signature' }, { status: 400 }),
    )
    await expect(plc.submit(did, op)).rejects.toMatchObject({
      statusCode: 400,
      plcStatus: 400,
      customErrorName: 'InvalidRequest',
      message: 'PLC directory: Invalid signature',
    })
  })

  test.each([
    ['had too many requests', () => new Response(null, { status: 429 })],
    ['failed', () => new Response('<html>', { status: 500 })],
    ['sent somewhere else', () => new Response(null, { status: 302 })],
    ['answered with a page', () => new Response('<html>')],
    ['answered without an end', () => new Response('x'.repeat(100_000))],
    [
      'did not answer',
      () => {
        throw new TypeError('refused')
      },
    ],
  ])('is not the fault of the caller when it %s', async (_, answer) => {
    const { plc } = directory(answer)
    await expect(plc.lastOp(did)).rejects.toMatchObject({
      statusCode: 502,
      customErrorName: 'UpstreamFailure',
    })
  })
})

describe("somebody else's operation", () => {
  test('is taken when it is whole', () => {
    expect(parseOperation(op)).toEqual(op)
    const end = { type: 'plc_tombstone', prev: operationCid(op), sig: op.sig }
    expect(parseOperation(end)).toEqual(end)
  })

  test.each<[string, unknown]>([
    ['nothing', null],
    ['a list', [op]],
    ['another type', { ...op, type: 'create' }],
    ['no signature', { ...op, sig: undefined }],
    ['no rotation keys', { ...op, rotationKeys: [] }],
    ['six rotation keys', { ...op, rotationKeys: Array(6).fill(key) }],
    ['a rotation key that is none', { ...op, rotationKeys: ['did:key:zNonsense'] }],
    [
      'a signing key that is none',
      { ...op, verificationMethods: { atproto: 'did:web:a.example' } },
    ],
    ['aliases that are no texts', { ...op, alsoKnownAs: [1] }],
    ['services of another form', { ...op, services: { atproto_pds: 'https://a.example' } }],
    ['a number as prev', { ...op, prev: 1 }],
    ['unknown fields', { ...op, extra: true }],
    ['too much', { ...op, alsoKnownAs: ['x'.repeat(8000)] }],
    ['a tombstone of nothing', { type: 'plc_tombstone', prev: null, sig: op.sig }],
    ['a tombstone with more', { type: 'plc_tombstone', prev: '', sig: '', services: {} }],
  ])('is refused: %s', (_, input) => {
    expect(() => parseOperation(input)).toThrow(/^Not a valid PLC operation/)
  })
})
