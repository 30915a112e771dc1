import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { Relays } from '../../storage/sequencer/relays.ts'
import { CrawlRequests, dueAt } from './crawl-requests.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const url = 'https://relay.test'
const never = { url, askedAt: undefined, outcome: undefined, failures: 0 }
const asked = (askedAt: number, failures = 0) => ({ url, askedAt, outcome: '', failures })

let made = 0

/** Runs `work` with a relay table of its own and a relay that answers as `answer` does. */
function withRelay(
  answer: (request: Request) => Response | Promise<Response>,
  work: (crawl: CrawlRequests, requests: Request[]) => Promise<void>,
  hostname = 'pds.test',
): Promise<void> {
  const stub = env.SEQUENCER.get(env.SEQUENCER.idFromName(`crawl ${made++}`))
  const requests: Request[] = []
  return runInDurableObject(stub, (_, { storage }) => {
    const crawl = new CrawlRequests(new Relays(storage.sql), [url], hostname, async (...args) => {
      const request = new Request(...args)
      requests.push(request.clone())
      return answer(request)
    })
    return work(crawl, requests)
  })
}

test('nobody is asked before there is anything to crawl', () => {
  expect(dueAt(never, { lastEventAt: undefined, consumers: 0 })).toBeUndefined()
})

test('the first event is reason to ask at once', () => {
  expect(dueAt(never, { lastEventAt: 5, consumers: 0 })).toBe(5)
})

test('while nobody listens, events are reason to ask every twenty minutes', () => {
  expect(dueAt(asked(0), { lastEventAt: MINUTE, consumers: 0 })).toBe(20 * MINUTE)
  expect(dueAt(asked(0), { lastEventAt: HOUR, consumers: 0 })).toBe(HOUR)
})

test('while somebody listens, there is rarely reason to ask', () => {
  expect(dueAt(asked(0), { lastEventAt: MINUTE, consumers: 1 })).toBe(6 * HOUR)
})

test('without a new event there is no reason to ask again', () => {
  expect(dueAt(asked(HOUR), { lastEventAt: MINUTE, consumers: 0 })).toBeUndefined()
})

test('a relay that fails is asked again after pauses that grow up to six hours', () => {
  const pauses = [1, 2, 3, 4, 9, 10, 99].map((failures) =>
    dueAt(asked(0, failures), { lastEventAt: 1, consumers: 0 }),
  )
  expect(pauses).toEqual([1, 2, 4, 8, 256, 360, 360].map((minutes) => minutes * MINUTE))
})

test('a request names the host, and what the relay said is kept', () =>
  withRelay(
    () => Response.json({}),
    async (crawl, requests) => {
      const activity = { lastEventAt: 7, consumers: 0 }
      await crawl.run(7, activity)
      expect(requests[0]?.url).toBe('https://relay.test/xrpc/com.atproto.sync.requestCrawl')
      expect(requests[0]?.redirect).toBe('manual')
      expect(await requests[0]?.json()).toEqual({ hostname: 'pds.test' })
      expect(crawl.list()).toEqual([{ url, askedAt: 7, outcome: 'accepted', failures: 0 }])
      await crawl.run(8, activity)
      expect(requests).toHaveLength(1)
    },
  ))

test.each<[string, () => Response | Promise<Response>, string]>([
  ['refuses', () => new Response('no', { status: 503 }), 'answered 503'],
  [
    'says why it refuses',
    () =>
      Response.json(
        { error: 'HostBanned', message: 'Host is banned:\n\u202egnihton' },
        { status: 403 },
      ),
    'answered 403: HostBanned: Host is banned: gnihton',
  ],
  [
    'says a lot about why it refuses',
    () => Response.json({ message: 'x'.repeat(5_000) }, { status: 400 }),
    `answered 400: ${'x'.repeat(300)}`,
  ],
  [
    'says far too much',
    () => Response.json({ message: 'x'.repeat(100_000) }, { status: 400 }),
    'answered 400',
  ],
  ['says nonsense', () => Response.json([{ error: 1 }], { status: 400 }), 'answered 400'],
  ['says null', () => Response.json(null, { status: 400 }), 'answered 400'],
  ['redirects', () => new Response(null, { status: 302 }), 'answered 302'],
  ['is not there', () => Promise.reject(new Error('refused')), 'could not be reached'],
])('a relay that %s counts as failed', (_, answer, outcome) =>
  withRelay(answer, async (crawl) => {
    const activity = { lastEventAt: 7, consumers: 0 }
    await crawl.run(7, activity)
    expect(crawl.list()).toEqual([{ url, askedAt: 7, outcome, failures: 1 }])
    await crawl.run(8, activity)
    expect(crawl.list()).toMatchObject([{ askedAt: 7 }])
    await crawl.run(7 + MINUTE, activity)
    expect(crawl.list()).toMatchObject([{ askedAt: 7 + MINUTE, failures: 2 }])
  }),
)

test('a request that a crash cut off is not repeated at once', () =>
  withRelay(
    () => new Promise(() => {}),
    async (crawl) => {
      void crawl.run(7, { lastEventAt: 7, consumers: 0 })
      expect(crawl.list()).toMatchObject([{ askedAt: 7, outcome: 'no answer yet' }])
      expect(crawl.due({ lastEventAt: 9, consumers: 0 })).toBe(7 + MINUTE)
    },
  ))

test('for localhost nobody is asked', () =>
  withRelay(
    () => new Response(),
    async (crawl, requests) => {
      await crawl.run(7, { lastEventAt: 7, consumers: 0 })
      expect(requests).toEqual([])
      expect(crawl.list()).toEqual([])
    },
    'localhost',
  ))

test('a relay is asked at once when the operator wishes it, but not twice in a minute', () =>
  withRelay(
    () => Response.json({ error: 'Busy', message: 'come <b>later</b>' }, { status: 503 }),
    async (crawl, requests) => {
      const answer = await crawl.askNow(url, 7)
      expect(answer).toMatchObject({
        askedAt: 7,
        failures: 1,
        outcome: expect.stringMatching(/503/),
      })
      expect(await crawl.askNow(url, 7 + MINUTE - 1)).toBe('soon')
      expect(requests).toHaveLength(1)
      expect(await crawl.askNow(url, 7 + MINUTE)).toMatchObject({ failures: 2 })
      expect(await crawl.askNow('https://evil.test', 7)).toBe('unknown')
      expect(requests).toHaveLength(2)
    },
  ))
