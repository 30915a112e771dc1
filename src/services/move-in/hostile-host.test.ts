/** A host that answers in any size and shape: who moves is told, and nothing here breaks. */
import { describe, expect, test } from 'vitest'
import { MoveIn, type MoveInParts } from './move-in.ts'
import { MoveStart, type MoveStartParts } from './move-start.ts'
import { SourceError } from './source.ts'
import type { MoveState } from './state.ts'

const did = 'did:plc:2222222222222222222222ab'
const key = 'did:key:zQ3shXjHeiBuRCKmM36cuYnm7YEMzhGnCmCyW92sRJ9pribSF'

const stateOf = (): MoveState => ({
  did,
  source: 'https://old.example.com',
  access: 'access.1',
  refresh: 'refresh.1',
})

type Answer = (method: string) => Response

function partsWith(answer: Answer, stored: unknown[] = []) {
  const fetch = async (url: string) => answer(new URL(url).pathname.slice('/xrpc/'.length))
  const account = {
    keys: { publicKey: async () => key },
    profile: {
      inventory: async () => ({ records: 1, importedBlobs: 0, expectedBlobs: 0, active: false }),
    },
    repository: {
      latestCommit: async () => ({ cid: 'bafy', rev: '1' }),
      getBlocks: async () => new Uint8Array(),
    },
    preferences: { set: async (list: unknown[]) => void stored.push(...list) },
  }
  return {
    config: {
      publicUrl: 'https://here.example.com',
      serviceDid: 'did:web:here.example.com',
      reachPrivate: false,
    },
    network: { public: fetch, operator: fetch },
    identity: { did: async () => ({ id: did }) },
    objects: { account: () => account },
    accounts: {
      invalidate() {},
      identityProblem: async () => 'it lives elsewhere',
      get: async () => ({ handle: 'alice.here.example.com' }),
    },
    plc: {
      documentData: async () => ({
        rotationKeys: [key],
        alsoKnownAs: [],
        verificationMethods: {},
        services: {},
      }),
      rotationDidKey: () => key,
      lastOp: async () => ({
        type: 'plc_operation',
        rotationKeys: [key],
        alsoKnownAs: [],
        verificationMethods: {},
        services: {},
        prev: null,
        sig: 'sig',
      }),
    },
  } as unknown as MoveInParts & MoveStartParts
}

const SHAPES: unknown[] = [
  null,
  7,
  'text',
  [],
  {},
  { did, accessJwt: 7, refreshJwt: {} },
  { did, accessJwt: 'a.b\r\nx: y', refreshJwt: 'a.b.c' },
  { did, accessJwt: 'ä'.repeat(10), refreshJwt: 'a.b.c' },
  { token: null, handle: null, cid: 7, activated: 'yes', repoCommit: {}, indexedRecords: { a: 1 } },
  { cid: 'bafy', repoCommit: 'bafy', indexedRecords: '<b>'.repeat(1000), availableUserDomains: 7 },
  { availableUserDomains: ['', null, {}], handle: { toString: 7 }, rotationKeys: 7, operation: 7 },
  { rotationKeys: {}, operation: { type: 'plc_operation', rotationKeys: [[]] }, preferences: {} },
  { preferences: [null, 7, 'text', [], {}, { $type: 7 }, { $type: 'com.example.other' }] },
]

/** Everything that is asked of an old host. */
const ASKED: Record<string, (parts: MoveInParts & MoveStartParts) => Promise<unknown>> = {
  'signing in': (parts) => {
    const mover = { did, source: 'https://old.example.com', signingKey: key }
    return new MoveStart(parts).signIn(mover, { password: 'password' })
  },
  'the proof': (parts) => new MoveStart(parts).proof(stateOf()),
  'the handle': (parts) => new MoveStart(parts).handleHere(stateOf(), '.here.example.com'),
  facts: (parts) => new MoveIn(parts).facts(stateOf()),
  preferences: (parts) => new MoveIn(parts).copyPreferences(stateOf()),
  'a code': (parts) => new MoveIn(parts).askForCode(stateOf()),
  identity: (parts) => new MoveIn(parts).switchIdentity(stateOf(), 'code'),
  'its end': (parts) => new MoveIn(parts).leave(stateOf()),
}

/** Whether who moves is told: anything else is an internal error. */
const isTold = (error: unknown) =>
  error instanceof SourceError || (error as Error).name === 'InvalidRequestError'
    ? 'told'
    : `${(error as Error).stack}`

describe.each(Object.entries(ASKED))('%s', (_, ask) => {
  test.each(SHAPES.map((shape) => [JSON.stringify(shape).slice(0, 60), shape]))(
    'is answered by %s',
    async (_name, shape) => {
      const parts = partsWith(() => new Response(JSON.stringify(shape)))
      const outcome = await ask(parts).then(() => 'told', isTold)
      expect(outcome).toBe('told')
    },
  )

  test('is refused by a session that cannot be renewed', async () => {
    const parts = partsWith((method) =>
      method.endsWith('refreshSession')
        ? new Response('null')
        : Response.json({ error: 'ExpiredToken' }, { status: 400 }),
    )
    expect(await ask(parts).then(() => 'told', isTold)).toBe('told')
  })
})

test('tokens that no header can hold are none', async () => {
  for (const accessJwt of ['a.b\r\nx: y', 'ä', '', 'a b']) {
    const parts = partsWith(() => Response.json({ did, accessJwt, refreshJwt: 'a.b.c' }))
    await expect(ASKED['signing in']?.(parts)).rejects.toThrow(SourceError)
  }
})

test('numbers and words of an old host are what they should be, or nothing', async () => {
  const answer = { indexedRecords: '<b>', activated: 'no', cid: 'bafy' }
  const parts = partsWith(() => Response.json(answer))
  // The identity leads here: the old host need not say what it has.
  parts.accounts.identityProblem = async () => undefined
  const facts = await new MoveIn(parts).facts(stateOf())
  expect(facts).toMatchObject({ records: { there: 1 }, isActiveThere: undefined })
})

test('preferences that are none are left behind, and do not keep the others', async () => {
  const stored: unknown[] = []
  const good = { $type: 'app.bsky.actor.defs#interestsPref', tags: ['moving'] }
  const preferences = [null, 7, {}, good, { $type: 'com.example.other' }, []]
  const parts = partsWith(() => Response.json({ preferences }), stored)
  await new MoveIn(parts).copyPreferences(stateOf())
  expect(stored).toEqual([{ type: good.$type, value: JSON.stringify(good) }])
})

test('of a refusal only the beginning is read, however much may come', async () => {
  let sent = 0
  const endless = () =>
    new Response(
      new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            if (++sent > 200) throw new Error('read to the end')
            controller.enqueue(new Uint8Array(64 * 1024).fill(32))
          },
        },
        { highWaterMark: 0 },
      ),
      { status: 400 },
    )
  const parts = partsWith(endless)
  const failed = await ASKED.preferences?.(parts).catch((error: unknown) => error)
  expect(failed).toBeInstanceOf(SourceError)
  expect(sent).toBeLessThan(10)
})
