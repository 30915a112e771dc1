/** What goes wrong on the way from another host; moves that succeed are in test/e2e/migrate-page.test.ts. */
import { expect, test } from 'vitest'
import { InsufficientStorageError } from '../objects/disk-space.ts'
import { MoveIn, type MoveInParts } from './move-in.ts'
import { SourceError } from './source.ts'
import type { MoveState } from './state.ts'

const did = 'did:plc:2222222222222222222222ab'

const stateOf = (): MoveState => ({
  did,
  source: 'https://old.example.com',
  access: 'access1',
  refresh: 'refresh1',
})

const json = (body: unknown, status = 200) => Response.json(body, { status })

const ROOM = { assertRoom: async () => undefined }

/** @param answer of the old host, by method and token */
function moveIn(
  answer: (method: string, token: string) => Response,
  account: object = {},
  space: object = ROOM,
) {
  const asked: string[] = []
  const fetch = async (url: string, init: RequestInit) => {
    const method = new URL(url).pathname.slice('/xrpc/'.length)
    const token = new Headers(init.headers).get('authorization')?.slice('Bearer '.length) ?? ''
    asked.push(`${method} ${token}`)
    return answer(method, token)
  }
  const parts = {
    config: { reachPrivate: false, maxImportSize: 1e6, serviceDid: 'did:web:here.example.com' },
    network: { public: fetch, operator: fetch },
    identity: { did: async () => ({ id: did }) },
    space,
    objects: { account: () => account },
  } as unknown as MoveInParts
  return { move: new MoveIn(parts), asked }
}

test('a token that has expired is renewed, once, and the new ones are kept', async () => {
  const state = stateOf()
  const { move, asked } = moveIn((method, token) => {
    if (method.endsWith('refreshSession'))
      return json({ accessJwt: 'access2', refreshJwt: 'refresh2' })
    return token === 'access1' ? json({ error: 'ExpiredToken' }, 400) : json({})
  })
  await move.askForCode(state)
  expect(state).toMatchObject({ access: 'access2', refresh: 'refresh2' })
  const method = 'com.atproto.identity.requestPlcOperationSignature'
  expect(asked).toEqual([
    `${method} access1`,
    'com.atproto.server.refreshSession refresh1',
    `${method} access2`,
  ])
})

test('a repository that breaks off is the old host’s fault, and said to be', async () => {
  const broken = () => {
    let pulled = 0
    return new Response(
      new ReadableStream({
        pull(controller) {
          if (pulled++ === 0) controller.enqueue(new Uint8Array(10))
          else controller.error(new Error('reset'))
        },
      }),
    )
  }
  const importCar = async (stream: ReadableStream) => {
    await new Response(stream).arrayBuffer().catch(() => {
      throw new Error('the other side of an RPC')
    })
  }
  const account = {
    repository: { importCar },
    sessions: { signOuts: async () => 0 },
    profile: { inventory: async () => ({ active: false }) },
  }
  const { move } = moveIn(broken, account)
  await expect(move.copyRecords(stateOf())).rejects.toThrow(
    'The old host did not send the whole repository',
  )
})

test('with a full disk nothing is fetched', async () => {
  const full = { assertRoom: () => Promise.reject(new InsufficientStorageError()) }
  const { move, asked } = moveIn(() => new Response(), {}, full)
  await expect(move.copyRecords(stateOf())).rejects.toThrow(InsufficientStorageError)
  expect(asked).toEqual([])
})

test.each([
  ['an answer that is no JSON', () => new Response('<html>')],
  ['a refusal', () => json({ error: 'Nope', message: 'x'.repeat(10_000) }, 500)],
  [
    'a redirect',
    () => new Response(null, { status: 302, headers: { location: 'https://else.example.com' } }),
  ],
])('%s is an error that names the old host', async (_, answer) => {
  const { move } = moveIn(answer as () => Response)
  const failed: unknown = await move.copyPreferences(stateOf()).catch((error: unknown) => error)
  expect(failed).toBeInstanceOf(SourceError)
  expect((failed as Error).message).toMatch(/^The old host/)
  expect((failed as Error).message.length).toBeLessThan(500)
})
