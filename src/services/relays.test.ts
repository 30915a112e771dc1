/** What relays say is bounded, and asked for once a minute. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { RelayStatuses } from './relays.ts'

const RELAY = 'https://relay.test'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function relay(answer: () => Response | Promise<Response>) {
  const asked: string[] = []
  const operator = async (url: string) => {
    asked.push(url)
    return answer()
  }
  const statuses = new RelayStatuses({ crawlers: [RELAY], hostname: 'pds.test' }, { operator })
  return { asked, of: (url = RELAY) => statuses.of(url) }
}

test('what a relay says of the host is asked for once a minute', async () => {
  const { asked, of } = relay(() =>
    Response.json({ hostname: 'pds.test', status: 'active', seq: 12, accountCount: 3 }),
  )
  const known = { kind: 'known', status: 'active', seq: 12, accounts: 3 }
  expect([await of(), await of()]).toEqual([known, known])
  expect(asked).toEqual([`${RELAY}/xrpc/com.atproto.sync.getHostStatus?hostname=pds.test`])
  vi.advanceTimersByTime(60_000)
  await of()
  expect(asked).toHaveLength(2)
  expect(await of('https://evil.test')).toMatchObject({ kind: 'failed' })
  expect(asked).toHaveLength(2)
})

test('a relay that does not know the host', async () => {
  const error = { error: 'HostNotFound', message: 'who?' }
  expect(await relay(() => Response.json(error, { status: 400 })).of()).toEqual({
    kind: 'stranger',
  })
})

test.each([
  ['nothing for two seconds', () => new Promise<never>(() => {}), 'No answer within 2000 ms'],
  ['too much', () => new Response('x'.repeat(9000)), 'larger than 8192 bytes'],
  ['a redirect', () => new Response(null, { status: 302 }), 'redirect'],
  ['no JSON', () => new Response('<script>'), 'no status'],
  ['a list', () => Response.json([1]), 'no status'],
  ['an error', () => new Response('<b>no</b>', { status: 500 }), 'status 500'],
])('a relay that answers %s', async (_, answer, why) => {
  const said = relay(answer).of()
  await vi.advanceTimersByTimeAsync(2_000)
  expect(await said).toEqual({ kind: 'failed', why: expect.stringContaining(why) })
})

test('of a status that nobody knows one short line is kept, of numbers only numbers', async () => {
  const status = `<b>\u202Eupside\n${'x'.repeat(500)}`
  const said = await relay(() => Response.json({ status, seq: '9', accountCount: -1 })).of()
  expect(said).toEqual({
    kind: 'known',
    status: expect.stringMatching(/^<b> upside x{40,60}$/),
    seq: undefined,
    accounts: undefined,
  })
})
