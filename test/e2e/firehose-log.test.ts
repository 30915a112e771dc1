/** The log of the firehose: where its numbers begin, and how large it may become. */

import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { FirehoseReader } from '../support/firehose.ts'
import { HANDLE, PASSWORD, startServer, type TestServer } from '../support/server.ts'

const MAX_LOG = 60_000

let server: TestServer
const start = Date.now() * 1000
beforeAll(async () => {
  server = await startServer({
    env: { PDS_FIREHOSE_MAX_LOG: String(MAX_LOG), PDS_FIREHOSE_FIRST_SEQ: '' },
  })
})
afterAll(() => server.stop())

/** How many events are in the log, and what a consumer of it gets first. */
async function readLog() {
  const { head } = await status()
  const reader = new FirehoseReader(server.origin, 0)
  // What was written last may come behind that one.
  await reader.until(() => Number(reader.events.at(-1)?.body.seq ?? 0) >= head)
  reader.close()
  return { events: reader.events.length, first: reader.events[0] }
}

/** Some 450 bytes that nothing packs. */
const random = () =>
  Array.from(crypto.getRandomValues(new Uint16Array(250)), (number) =>
    String.fromCharCode(0x4e00 + (number % 0x5000)),
  ).join('')

async function status(): Promise<{ head: number }> {
  const response = await fetch(`${server.origin}/xrpc/_health`)
  return ((await response.json()) as { firehose: { head: number } }).firehose
}

test('numbers begin with the time, and a log that is full loses its oldest events', async () => {
  const agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: HANDLE, password: PASSWORD })
  const post = (text: string) => agent.post({ text, createdAt: new Date().toISOString() })
  await post('first')
  const early = new FirehoseReader(server.origin, 0)
  await early.until(() => early.events.length > 0)
  early.close()
  expect(early.events[0]?.body.seq).toBeGreaterThanOrEqual(start)
  expect(early.events[0]?.body.seq).toBeLessThan(Date.now() * 1000)
  for (let n = 0; n < 300; n++) await post(`${n} ${random()}`)
  // Old events are removed in the background, at most once a second.
  await vi.waitFor(
    async () => {
      const { events, first } = await readLog()
      expect(first).toMatchObject({ type: '#info', body: { name: 'OutdatedCursor' } })
      // With hashes and signature each takes 600 bytes; the oldest row, of 64 or more, may be there beside what the log may have.
      expect(events).toBeLessThan(200)
    },
    { interval: 500 },
  )
})
