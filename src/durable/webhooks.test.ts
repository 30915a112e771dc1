/** Webhooks: what is sent, again and at once, what is given up, and what becomes of one that fails for long. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { createLogger } from '../kernel/log.ts'
import { accountStub, hostObjects, indexStub, sequencerStub } from '../services/objects/stubs.ts'
import { addWebhook, pauseWebhook, removeWebhook } from '../services/webhooks/webhooks.ts'
import { WebhookLetters, type WebhookWrite } from '../storage/index/webhook-letters.ts'
import { WebhookStates } from '../storage/index/webhook-states.ts'
import { callAs, makeAccount, send, type TestAccount } from '../testing/host.ts'
import { callAsOperator } from '../testing/operator.ts'
import { ring } from '../testing/settle.ts'
import { WebhookRunner } from './webhooks/runner.ts'

const objects = hostObjects(env)
const NOTE = 'com.example.hook.note'

interface Sent {
  at: string
  did: string
  text: string
}

let sent: Sent[]
/** What the service answers. */
let answer: (text: string) => Response
/** Requests that it has, and the most that it had at once. */
let open = 0
let most = 0

beforeAll(async () => {
  await send('/xrpc/_health')
})

beforeEach(() => {
  sent = []
  most = 0
  answer = () => new Response()
  vi.spyOn(console, 'error').mockReturnValue()
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (url, init) => {
    const { did, record } = JSON.parse(String(init?.body))
    most = Math.max(most, ++open)
    await scheduler.wait(5)
    open--
    const text = record?.text ?? ''
    const response = answer(text)
    if (response.ok) sent.push({ at: String(url), did, text })
    return response
  })
})
afterEach(() => vi.restoreAllMocks())

let made = 0

/** Adds one that is told of notes, for the rest of a test. */
async function add(): Promise<number> {
  const url = `https://app${made++}.example.com/xrpc/com.example.hook.take`
  const id = await addWebhook({ url, collections: [NOTE] }, objects, false)
  onTestFinished(() => removeWebhook(id, objects))
  return id
}

async function write(account: TestAccount, text: string): Promise<void> {
  const response = await callAs(account, 'com.atproto.repo.createRecord', {
    repo: account.did,
    collection: NOTE,
    record: { $type: NOTE, text },
    validate: false,
  })
  expect(response.status).toBe(200)
}

const viewOf = async (id: number) => {
  const view = (await objects.hostIndex.webhooks.report()).find((one) => one.id === id)
  if (!view) throw new Error('there is none')
  return view
}

const inIndex = (work: (sql: SqlStorage) => void) =>
  runInDurableObject(indexStub(env) as never, (_, { storage }) => work(storage.sql))

const texts = () => sent.map(({ text }) => text)

/** Resolves after the first attempt that failed. There may have been more: they are a second and two apart. */
const untilFailed = (id: number) =>
  vi.waitFor(async () => expect((await viewOf(id)).attempts).toBeGreaterThan(0))

test('writes of one account are sent one after the other, those of several at once', async () => {
  await add()
  const accounts: TestAccount[] = []
  while (accounts.length < 5) accounts.push(await makeAccount())
  await objects.sequencer.tellOfEvents(false)
  for (const n of [1, 2, 3]) for (const account of accounts) await write(account, `${n}`)
  await objects.sequencer.tellOfEvents(true)
  await objects.hostIndex.webhooks.adopt()
  await vi.waitFor(() => expect(sent).toHaveLength(15))
  for (const { did } of accounts) {
    expect(sent.filter((one) => one.did === did).map(({ text }) => text)).toEqual(['1', '2', '3'])
  }
  expect(most).toBeGreaterThan(1)
  expect(most).toBeLessThanOrEqual(8)
})

test('what was taken is not sent again when something beside it fails, also by another life of the object', async () => {
  const id = await add()
  const one = await makeAccount()
  const other = await makeAccount()
  answer = (text) => new Response(null, { status: text === 'refused' ? 503 : 200 })
  await write(one, 'taken')
  await write(other, 'refused')
  await untilFailed(id)
  await evictDurableObject(indexStub(env) as never)
  answer = () => new Response()
  await runDurableObjectAlarm(indexStub(env) as never)
  await vi.waitFor(() => expect(texts().sort()).toEqual(['refused', 'taken']))
  await vi.waitFor(async () => expect(await viewOf(id)).toMatchObject({ behind: 0, delivered: 2 }))
})

test('what is refused ten times is given up and kept, and is sent again by hand', async () => {
  const id = await add()
  const account = await makeAccount()
  answer = (text) => new Response('{"error":"TooSpicy"}', { status: text === 'hot' ? 422 : 200 })
  await write(account, 'hot')
  await write(account, 'mild')
  await untilFailed(id)
  // Nine attempts later.
  await inIndex((sql) => {
    sql.exec(
      `UPDATE webhook_state SET attempts = 9, next_at = 0,
       progress = (SELECT json_object('done', json('[]'), 'refused', json_object(key, 9))
                   FROM json_each(progress, '$.refused')) WHERE id = ?`,
      id,
    )
  })
  await evictDurableObject(indexStub(env) as never)
  await objects.hostIndex.webhooks.adopt()
  await vi.waitFor(() => expect(texts()).toEqual(['mild']))
  const letter = await vi.waitFor(async () => {
    const [first] = await objects.hostIndex.webhooks.letters(10)
    expect(first).toMatchObject({
      webhook: id,
      did: account.did,
      error: 'It answered 422 TooSpicy',
    })
    return first
  })
  expect(await objects.hostIndex.webhooks.retry(letter?.id)).toEqual({ taken: 0, left: 1 })
  answer = () => new Response()
  expect(await objects.hostIndex.webhooks.retry()).toEqual({ taken: 1, left: 0 })
  expect(texts()).toEqual(['mild', 'hot'])
})

test('it is left alone for as long as it asks, and not for ever', async () => {
  const id = await add()
  answer = () => new Response(null, { status: 429, headers: { 'retry-after': '86400' } })
  await write(await makeAccount(), 'later')
  await untilFailed(id)
  const { nextAt = 0 } = await viewOf(id)
  expect(nextAt - Date.now()).toBeGreaterThan(59 * 60_000)
  expect(nextAt - Date.now()).toBeLessThanOrEqual(60 * 60_000)
})

test('one that has failed for three days is paused; when it goes on it has new patience', async () => {
  const id = await add()
  answer = () => new Response(null, { status: 503 })
  await write(await makeAccount(), 'lasting')
  await untilFailed(id)
  await inIndex((sql) =>
    sql.exec('UPDATE webhook_state SET failing_since = 1, next_at = 0 WHERE id = ?', id),
  )
  await evictDurableObject(indexStub(env) as never)
  await objects.hostIndex.webhooks.adopt()
  await vi.waitFor(async () => {
    expect((await viewOf(id)).paused).toBe('It failed for 72 hours: It answered 503')
  })
  answer = () => new Response()
  expect(sent).toEqual([])
  await pauseWebhook(id, null, objects)
  await vi.waitFor(() => expect(texts()).toEqual(['lasting']))
})

test('nothing is sent of an account that is taken down or deleted by the time', async () => {
  const id = await add()
  const [down, gone] = [await makeAccount(), await makeAccount()]
  await pauseWebhook(id, 'by the operator', objects)
  await write(down, 'down')
  await write(gone, 'gone')
  await objects.account(down.did).lifecycle.setTakedown('x')
  const deleted = await callAsOperator('deleteAccount', { did: gone.did })
  expect(deleted.status).toBe(200)
  await pauseWebhook(id, null, objects)
  // Both, unless what the log had of the deleted one was gone before.
  const skipped = expect.toBeOneOf([1, 2])
  await vi.waitFor(async () => expect(await viewOf(id)).toMatchObject({ behind: 0, skipped }))
  expect(sent).toEqual([])
})

test('events that have left the log before are noted as lost, and it goes on behind them', async () => {
  const id = await add()
  await pauseWebhook(id, 'by the operator', objects)
  const account = await makeAccount()
  await write(account, 'lost')
  await ring(accountStub(env, account.did))
  const { head } = await objects.sequencer.status()
  await runInDurableObject(sequencerStub(env) as never, (_, { storage }) => {
    storage.sql.exec('UPDATE horizon SET pruned_to = ?', head)
  })
  await evictDurableObject(sequencerStub(env) as never)
  await pauseWebhook(id, null, objects)
  await write(account, 'told')
  await vi.waitFor(() => expect(texts()).toEqual(['told']))
  await vi.waitFor(async () => expect(await viewOf(id)).toMatchObject({ lost: 1, delivered: 1 }))
})

test('whoever writes what a service does not take keeps back nobody else, however much it is', async () => {
  const id = await add()
  const [one, other] = [await makeAccount(), await makeAccount()]
  const ids = new Map<string, Set<string>>()
  vi.mocked(fetch).mockImplementation(async (url, init) => {
    const { did, record, id: key } = JSON.parse(String(init?.body))
    const { text } = record
    ids.set(text, new Set([...(ids.get(text) ?? []), key]))
    const response = answer(text)
    if (response.ok) sent.push({ at: String(url), did, text })
    return response
  })
  answer = (text) => new Response(null, { status: text.startsWith('bad') ? 401 : 200 })
  await pauseWebhook(id, 'by the operator', objects)
  for (let n = 0; n < 70; n++) await write(one, `bad ${n}`)
  await write(other, 'first')
  await pauseWebhook(id, null, objects)
  // Seventy fill what is sent before the position moves: that nothing of others is taken then says nothing of the service.
  await untilFailed(id)
  await inIndex((sql) => sql.exec('UPDATE webhook_state SET next_at = 0 WHERE id = ?', id))
  await evictDurableObject(indexStub(env) as never)
  await inIndex((sql) =>
    sql.exec(
      `UPDATE webhook_state SET progress = (SELECT json_object('done', json('[]'), 'refused',
         json_object(key, 9)) FROM json_each(progress, '$.refused')) WHERE id = ?`,
      id,
    ),
  )
  await evictDurableObject(indexStub(env) as never)
  await objects.hostIndex.webhooks.adopt()
  await vi.waitFor(() => expect(texts()).toContain('first'))
  await vi.waitFor(async () => expect((await viewOf(id)).waiting).toBeGreaterThan(60))
  await vi.waitFor(async () => {
    expect(await viewOf(id)).toMatchObject({ attempts: 0, behind: 0, refusal: 'It answered 401' })
  })
  await write(other, 'second')
  await vi.waitFor(() => expect(texts()).toEqual(['first', 'second']))
  answer = () => new Response()
  await vi.waitFor(async () => expect((await viewOf(id)).waiting).toBe(0))
  const bad = texts().filter((text) => text.startsWith('bad'))
  expect(bad).toEqual(Array.from({ length: bad.length }, (_, n) => `bad ${n + 70 - bad.length}`))
  expect(bad.length).toBeGreaterThan(60)
  expect([...ids.values()].every((keys) => keys.size === 1)).toBe(true)
})

test('a service that does not answer keeps back no other webhook', async () => {
  const slow = await add()
  const { promise, resolve } = Promise.withResolvers<Response>()
  const quick = await add()
  const { url: ofSlow } = await viewOf(slow)
  const taken: string[] = []
  const asked: (AbortSignal | null | undefined)[] = []
  vi.mocked(fetch).mockImplementation(async (url, init) => {
    if (String(url) === ofSlow) {
      asked.push(init?.signal)
      return promise
    }
    taken.push(JSON.parse(String(init?.body)).record.text)
    return new Response()
  })
  const account = await makeAccount()
  await write(account, 'one')
  await vi.waitFor(() => expect([asked.length, taken]).toEqual([1, ['one']]))
  await write(account, 'two')
  await vi.waitFor(() => expect(taken).toEqual(['one', 'two']))
  // It was still waited for.
  expect(asked.map((signal) => signal?.aborted)).toEqual([false])
  await vi.waitFor(async () => expect((await viewOf(quick)).delivered).toBe(2))
  resolve(new Response())
  await vi.waitFor(async () => expect((await viewOf(slow)).delivered).toBe(2))
})

test('a second attempt comes after a second or so', async () => {
  await add()
  const times: number[] = []
  answer = () => {
    times.push(Date.now())
    return new Response(null, { status: times.length > 1 ? 200 : 503 })
  }
  await write(await makeAccount(), 'again')
  await vi.waitFor(() => expect(times).toHaveLength(2))
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeLessThan(15_000)
})

test('a list of webhooks that is older than one that was added meanwhile does not end it', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { promise: read, resolve: hasRead } = Promise.withResolvers<void>()
  let isFirst = true
  await runInDurableObject(indexStub(env) as never, async (_, { storage }) => {
    const states = new WebhookStates(storage.sql)
    const list = async () => {
      const all = await objects.directory.webhooks.list()
      if (isFirst) {
        isFirst = false
        hasRead()
        await promise
      }
      return all
    }
    const runner = new WebhookRunner({
      states,
      letters: new WebhookLetters(storage.sql),
      objects: {
        ...{ account: objects.account, sequencer: objects.sequencer },
        directory: { webhooks: { list } },
      } as never,
      networks: { public: fetch, operator: fetch } as never,
      reachPrivate: false,
      transaction: (work) => storage.transactionSync(work),
      log: () => createLogger({ object: 'index' }),
      start: () => undefined,
      reschedule: () => undefined,
    })
    const early = runner.adopt()
    await read
    const id = await objects.directory.webhooks.add({
      ...{ url: 'https://late.example.com/', audience: 'did:web:late.example.com' },
      ...{ method: 'com.example.hook.take', collections: [NOTE], isPrivate: false },
    })
    onTestFinished(() => removeWebhook(id, objects))
    const late = runner.adopt()
    resolve()
    await Promise.all([early, late])
    expect(runner.all.map((one) => one.id)).toContain(id)
    expect(states.find(id)).toBeDefined()
  })
})

test('a log that ends before what was sent, as one of an older copy does, is gone on with from its end', async () => {
  const id = await add()
  await viewOf(id)
  await inIndex((sql) => sql.exec('UPDATE webhook_state SET seq = seq + 1000 WHERE id = ?', id))
  await evictDurableObject(indexStub(env) as never)
  await objects.hostIndex.webhooks.adopt()
  await vi.waitFor(async () => expect(await viewOf(id)).toMatchObject({ lost: 1 }))
  await write(await makeAccount(), 'after')
  await vi.waitFor(() => expect(texts()).toEqual(['after']))
})

test('who has the role of an operator gets no tokens for other services than the one at the address', async () => {
  const url = 'https://app.example.com/xrpc/chat.bsky.convo.sendMessage'
  const request = { url, collections: [NOTE], audience: 'did:web:chat.bsky.app' }
  await expect(addWebhook(request, objects, false)).rejects.toThrow('password of the operator')
  const audience = 'did:web:app.example.com#notes'
  const id = await addWebhook({ ...request, audience }, objects, false)
  expect((await viewOf(id)).audience).toBe(audience)
  await removeWebhook(id, objects)
  const any = await addWebhook({ ...request, mayNameOthers: true }, objects, false)
  await removeWebhook(any, objects)
})

test('no more than a thousand writes that were given up are kept for each, the newest', async () => {
  await inIndex((sql) => {
    const letters = new WebhookLetters(sql)
    const one: WebhookWrite = {
      ...{
        key: '1-0',
        did: 'did:web:a.test',
        rev: 'r',
        time: 't',
        seq: 1,
        collection: NOTE,
        rkey: 'k',
      },
      ...{ action: 'create', cid: null, block: new Uint8Array(10) },
    }
    const hold = (webhook: number, write: WebhookWrite) =>
      letters.hold(webhook, { write, attempts: 1, error: 'no', dueAt: 1 }, 1)
    // Two hundred of an account wait.
    for (let n = 0; n < 1_203; n++) hold(7, { ...one, seq: n })
    hold(8, one)
    expect([letters.count(7), letters.waiting(7).waiting]).toEqual([1_000, 200])
    expect([letters.count(8), letters.waiting(8).waiting]).toEqual([0, 1])
    const [oldest = 0] = letters.oldest(1)
    expect(letters.find(oldest)?.write.seq).toBe(3)
    for (let n = 0; n < 12; n++) hold(7, { ...one, block: new Uint8Array(1_500_000) })
    expect(letters.waiting(7).waiting).toBe(11)
    for (let n = 0; n < 12; n++) hold(7, { ...one, block: new Uint8Array(1_500_000) })
    expect([letters.waiting(7).waiting, letters.count(7)]).toEqual([11, 11])
    letters.forget('did:web:a.test')
    expect([letters.count(), letters.waiting(7).waiting]).toEqual([0, 0])
  })
})
