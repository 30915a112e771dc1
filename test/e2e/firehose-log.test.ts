/** The log of the firehose: where its numbers begin, and how large it may become. */

import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FirehoseReader } from '../support/firehose.ts'
import { HANDLE, PASSWORD, startServer, type TestServer } from '../support/server.ts'

const MAX_LOG = 200_000

let server: TestServer
const start = Date.now() * 1000
beforeAll(async () => {
  server = await startServer({
    env: { PDS_FIREHOSE_MAX_LOG: String(MAX_LOG), PDS_FIREHOSE_FIRST_SEQ: '' },
  })
})
afterAll(() => server.stop())

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
  for (let n = 0; n < 300; n++) await post(`${n} ${'x'.repeat(250)}`)
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  const late = new FirehoseReader(server.origin, 0)
  await late.until(
    () => String(late.events.at(-1)?.body.time ?? '') !== '' && late.events.length > 20,
  )
  await new Promise((resolve) => setTimeout(resolve, 500))
  late.close()
  expect(late.events.length).toBeLessThan(250)
  expect(late.events[0]).toMatchObject({ type: '#info', body: { name: 'OutdatedCursor' } })
})
