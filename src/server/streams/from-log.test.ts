/** Subscriptions that are made of the host's log. */
import { env } from 'cloudflare:workers'
import { decodeAll } from '@atproto/lex-cbor'
import { beforeEach, expect, test, vi } from 'vitest'
import { sequencerStub } from '../../services/objects/stubs.ts'
import { callAs, makeAccount, send, type TestAccount } from '../../testing/host.ts'
import { callAsOperator } from '../../testing/operator.ts'
import { useMethods } from '../../testing/own-methods.ts'
import { anyone } from '../auth/policy.ts'
import { definer, type MethodShape } from '../xrpc/define.ts'
import { fromLog } from './from-log.ts'

const NSID = 'com.example.cook.watch'
const LIKE = 'app.bsky.feed.like'
const POST = 'app.bsky.feed.post'

const seq = { type: 'integer' }
const text = { type: 'string' }
const defs = {
  main: {
    type: 'subscription',
    parameters: {
      type: 'params',
      properties: { cursor: { type: 'integer' }, author: { type: 'string', maxLength: 2000 } },
    },
    message: { schema: { type: 'union', refs: ['#posted', '#gone', '#info'] } },
    errors: [{ name: 'FutureCursor' }, { name: 'ConsumerTooSlow' }],
  },
  posted: { type: 'object', required: ['seq', 'uri'], properties: { seq, uri: text, text } },
  gone: { type: 'object', required: ['seq', 'did'], properties: { seq, did: text, status: text } },
  info: { type: 'object', required: ['name'], properties: { name: text, message: text } },
}

type Typed<T, Name extends string> = T & { $type?: `${typeof NSID}#${Name}` } & { $type: string }

/** What the generator would make of it. */
interface Method extends MethodShape {
  kind: 'subscription'
  params: { cursor?: number; author?: string }
  input: undefined
  output:
    | Typed<{ seq: number; uri: string; text?: string }, 'posted'>
    | Typed<{ seq: number; did: string; status?: string }, 'gone'>
    | { $type: string }
}
const define = definer<Method>()

const definition = define({
  auth: anyone,
  handler: fromLog({
    collections: [POST],
    message({ record, uri, did, seq, action, params }) {
      if (params.author !== undefined && params.author !== did) return undefined
      if (record?.text === 'break') throw new TypeError('broken')
      return { $type: '#posted', seq, uri, text: record?.text ?? action }
    },
    account: ({ did, seq, status }) => ({ $type: '#gone', seq, did, status }),
  }),
})

test.skip('the compiler refuses a collection or a message that there is not', () => [
  define({
    auth: anyone,
    handler: fromLog({
      // @ts-expect-error there is no such collection
      collections: ['app.bsky.feed.pst'],
      // @ts-expect-error a message without its uri
      message: ({ seq }) => ({ $type: '#posted', seq }),
    }),
  }),
  define({
    auth: anyone,
    handler: fromLog({
      collections: [POST, LIKE],
      // @ts-expect-error there is no such message
      message: ({ seq }) => ({ $type: '#unknown', seq }),
    }),
  }),
])

let account: TestAccount
beforeEach(async () => {
  await useMethods({ [NSID]: { defs, definition } })
  account = await makeAccount()
})

interface Listener {
  received: Record<string, unknown>[]
  raw: unknown[]
  protocol: string | null
  closed: Promise<number>
  close(): void
}

async function watch(query: object = {}, protocol?: string): Promise<Listener> {
  const search = new URLSearchParams(query as Record<string, string>)
  const response = await send(`/xrpc/${NSID}?${search}`, {
    headers: { upgrade: 'websocket', ...(protocol && { 'sec-websocket-protocol': protocol }) },
  })
  const socket = response.webSocket
  if (!socket) throw new Error(`no socket: ${response.status}`)
  socket.binaryType = 'arraybuffer'
  const received: Record<string, unknown>[] = []
  const raw: unknown[] = []
  socket.addEventListener('message', ({ data }) => {
    raw.push(data)
    if (typeof data === 'string') return received.push(JSON.parse(data))
    const parts = [...decodeAll(new Uint8Array(data as ArrayBuffer))] as Record<string, unknown>[]
    received.push(Object.assign({}, ...parts))
  })
  const closed = new Promise<number>((resolve) => {
    socket.addEventListener('close', ({ code }) => resolve(code))
  })
  socket.accept()
  return {
    ...{ received, raw, closed },
    protocol: response.headers.get('sec-websocket-protocol'),
    close: () => socket.close(1000),
  }
}

async function write(collection: string, record: object, by = account): Promise<string> {
  const createdAt = new Date().toISOString()
  const answer = await callAs(by, 'com.atproto.repo.createRecord', {
    ...{ repo: by.did, collection },
    record: { createdAt, ...record },
  })
  return ((await answer.json()) as { uri: string }).uri
}
const post = (text: string, by = account) => write(POST, { text }, by)
const head = async () => (await sequencerStub(env).status()).head

const texts = ({ received }: Listener) => received.map(({ text }) => text)

test('writes into the collections are told as they happen, in the encoding that was asked for', async () => {
  const streams = await Promise.all([
    watch(),
    watch({}, 'other, xrpc.v1.json'),
    watch({}, 'xrpc.v1.cbor'),
  ])
  const subject = {
    uri: 'at://did:web:a.test/app.bsky.feed.post/1',
    cid: 'bafyreidykglsfhoixmivffc5uwhcgshx4j465xwqntbmu43nb2dzqwfvae',
  }
  await write(LIKE, { subject })
  const uri = await post('hello')
  await vi.waitFor(() => expect(streams.map(({ raw }) => raw.length)).toEqual([1, 1, 1]))
  const seq = await head()
  const [v0, json, cbor] = streams
  expect(v0.received).toEqual([{ op: 1, t: '#posted', seq, uri, text: 'hello' }])
  const message = {
    $type: 'message',
    payload: { $type: `${NSID}#posted`, seq, uri, text: 'hello' },
  }
  expect([json.received, cbor.received]).toEqual([[message], [message]])
  expect(json.raw).toEqual([JSON.stringify(message)])
  expect(streams.map(({ protocol }) => protocol)).toEqual([null, 'xrpc.v1.json', 'xrpc.v1.cbor'])
  for (const stream of streams) stream.close()
})

test('the lexicon says what is sent to those who ask for no encoding', async () => {
  const main = { ...defs.main, subprotocol: 'xrpc.v1.json' }
  await useMethods({ [NSID]: { defs: { ...defs, main }, definition } })
  const streams = await Promise.all([watch(), watch({}, 'xrpc.v0.cbor')])
  await post('hello')
  await vi.waitFor(() => expect(streams.map(({ raw }) => raw.length)).toEqual([1, 1]))
  expect(streams.map(({ raw }) => typeof raw[0])).toEqual(['string', 'object'])
  const future = await watch({ cursor: (await head()) + 1 })
  expect(await future.closed).toBe(1008)
  expect(future.received).toEqual([
    { $type: 'error', error: 'FutureCursor', message: 'Cursor in the future.' },
  ])
  for (const stream of streams) stream.close()
})

test('with a cursor the log is told again from there, by parameters, and goes over into what happens', async () => {
  const other = await makeAccount()
  const cursor = await head()
  for (let n = 1; n <= 5; n++) {
    await post(`mine ${n}`)
    await post(`other ${n}`, other)
  }
  const uri = await post('deleted')
  const rkey = uri.split('/').at(-1)
  await callAs(account, 'com.atproto.repo.deleteRecord', {
    repo: account.did,
    collection: POST,
    rkey,
  })
  const stream = await watch({ cursor, author: account.did })
  await vi.waitFor(() => expect(stream.received).toHaveLength(7))
  await post('later', other)
  await post('now')
  await vi.waitFor(() => expect(stream.received).toHaveLength(8))
  expect(texts(stream)).toEqual([
    'mine 1',
    'mine 2',
    'mine 3',
    'mine 4',
    'mine 5',
    'deleted',
    'delete',
    'now',
  ])
  const resumed = await watch({ cursor: Number(stream.received[4]?.seq), author: account.did })
  await vi.waitFor(() => expect(texts(resumed)).toEqual(['deleted', 'delete', 'now']))
  stream.close()
  resumed.close()
})

test('a message that cannot be made is left out and stands in the log; the next one comes', async () => {
  const logged = vi.spyOn(console, 'error').mockReturnValue()
  const stream = await watch()
  await post('break')
  await post('whole')
  await vi.waitFor(() => expect(texts(stream)).toEqual(['whole']))
  expect(logged.mock.calls.flat().join()).toContain('broken')
  stream.close()
  logged.mockRestore()
})

test('of who was taken down the log tells nothing again, but that', async () => {
  const cursor = await head()
  const other = await makeAccount()
  await post('hidden', other)
  await post('seen')
  const takedown = (applied: boolean) =>
    callAsOperator('updateSubjectStatus', {
      subject: { $type: 'com.atproto.admin.defs#repoRef', did: other.did },
      takedown: { applied },
    })
  expect((await takedown(true)).status).toBe(200)
  await vi.waitFor(async () => {
    const stream = await watch({ cursor })
    await vi.waitFor(() => expect(stream.received.at(-1)?.status).toBe('takendown'))
    expect(texts(stream).filter((text) => text !== undefined)).toEqual(['seen'])
    stream.close()
  })
  expect((await takedown(false)).status).toBe(200)
  await vi.waitFor(async () => {
    const stream = await watch({ cursor })
    await vi.waitFor(() => expect(texts(stream)).toContain('seen'))
    stream.close()
    expect(texts(stream)).toContain('hidden')
  })
})

test('parameters that are too long to be kept are refused', async () => {
  const long = await watch({ author: 'a'.repeat(800) })
  expect(await long.closed).toBe(1008)
  expect(long.received).toMatchObject([{ error: 'InvalidRequest' }])
})
