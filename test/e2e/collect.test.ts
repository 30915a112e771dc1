/** What `npm start` asks of V8 once a host has started, many times over, while the host is at work. */
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MadeAccount, makeAccounts } from '../support/accounts.ts'
import { FirehoseReader } from '../support/firehose.ts'
import { startServer, type TestServer, workerdPidOf } from '../support/server.ts'

/** With CUMULUS_LONG=1 some two minutes of them: less than half of the time that the test has. */
const COLLECTIONS = process.env.CUMULUS_LONG ? 1_000 : 30

let server: TestServer
let accounts: MadeAccount[]

beforeAll(async () => {
  server = await startServer()
  accounts = await makeAccounts(server, 4)
})
afterAll(() => server.stop())

/** Asks as `npm start` does. @returns the status */
function collect(): Promise<number | undefined> {
  const config = readFileSync(join(server.dataDirectory, 'workerd.capnp'), 'utf8')
  const [, socketPath] = /name = "control", address = "unix:([^"]+)"/.exec(config) ?? []
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method: 'POST', path: '/collect' }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode))
    })
    asked.once('error', reject)
    asked.end()
  })
}

async function write({ did, accessJwt }: MadeAccount, text: string): Promise<string> {
  const response = await fetch(`${server.origin}/xrpc/com.atproto.repo.createRecord`, {
    method: 'POST',
    headers: { authorization: `Bearer ${accessJwt}`, 'content-type': 'application/json' },
    body: JSON.stringify({ repo: did, collection: 'com.example.note', record: { text } }),
  })
  expect(response.status).toBe(200)
  return ((await response.json()) as { uri: string }).uri
}

const read = async (uri: string): Promise<unknown> => {
  const [repo = '', collection = '', rkey = ''] = uri.slice('at://'.length).split('/')
  const query = new URLSearchParams({ repo, collection, rkey })
  const response = await fetch(`${server.origin}/xrpc/com.atproto.repo.getRecord?${query}`)
  return ((await response.json()) as { value: { text: unknown } }).value.text
}

test('V8 collects all garbage while accounts write and a consumer reads: nothing is lost, and the host runs on', async () => {
  const before = workerdPidOf(server)
  const consumer = await new FirehoseReader(server.origin).opened()
  let isOver = false
  const counts = accounts.map(() => 0)
  const written = accounts.map(async (account, index) => {
    const uris: string[] = []
    while (!isOver) {
      uris.push(await write(account, `${index} ${uris.length}`))
      counts[index] = uris.length
    }
    return uris
  })
  // Ends with a write that is refused.
  const writing = Promise.all(written)
  for (let n = 0; n < COLLECTIONS || Math.min(...counts) <= 10; n++) {
    expect(await Promise.race([collect(), writing])).toBe(204)
  }
  isOver = true
  const uris = await writing
  for (const [index, some] of uris.entries()) {
    for (const [n, uri] of some.entries()) expect(await read(uri)).toBe(`${index} ${n}`)
  }
  const all = uris.flat().length
  await consumer.until(
    ({ events }) => events.filter(({ type }) => type === '#commit').length >= all,
  )
  consumer.close()
  expect(workerdPidOf(server)).toBe(before)
}, 300_000)
