/** Connections of the firehose that the host ends: over real TCP they are soon gone for both sides. */
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MadeAccount, makeAccounts } from '../support/accounts.ts'
import { FirehoseReader, untilHead } from '../support/firehose.ts'
import { startServer, type TestServer } from '../support/server.ts'

const PATH = '/xrpc/com.atproto.sync.subscribeRepos'
const MAX_UNREAD = 2_000_000
/** ms. A client that is left with an open connection ends it after three seconds by itself. */
const SOON = 2_500

let server: TestServer
let account: MadeAccount

beforeAll(async () => {
  server = await startServer({ env: { PDS_FIREHOSE_MAX_UNREAD: String(MAX_UNREAD) } })
  const [made] = await makeAccounts(server, 1)
  if (!made) throw new Error('no account')
  account = made
  // All of it is a backlog by the time somebody comes.
  await write(10)
  await untilHead(server.origin, 18)
})

afterAll(() => server.stop())

/** As many commits of 0.4 MB. */
async function write(count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const response = await fetch(`${server.origin}/xrpc/com.atproto.repo.createRecord`, {
      method: 'POST',
      headers: { authorization: `Bearer ${account.accessJwt}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        repo: account.did,
        collection: 'com.example.note',
        record: { text: `${n} ${'x'.repeat(400_000)}` },
      }),
    })
    expect(response.status).toBe(200)
  }
}

interface Closed {
  /** What the close frame says. */
  code: number
  /** ms from the close frame to the end of the TCP connection. */
  after: number
}

/** Connects, reads everything, answers the close frame, as RFC 6455 wants it, and waits for the end of TCP. */
async function untilClosed(query: string, opened = () => {}): Promise<Closed> {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': Buffer.alloc(16).toString('base64'),
    }
    request(`${server.origin}${PATH}${query}`, { headers })
      .on('upgrade', (_, upgraded: Socket, head: Buffer) => {
        upgraded.unshift(head)
        resolve(upgraded)
      })
      .on('error', reject)
      .end()
  })
  opened()
  let code = 0
  let closedAt = 0
  let buffer = Buffer.alloc(0)
  for await (const piece of socket) {
    buffer = Buffer.concat([buffer, piece as Buffer])
    for (let frame = readFrame(buffer); frame; frame = readFrame(buffer)) {
      buffer = buffer.subarray(frame.end)
      if (frame.opcode !== 8) continue
      code = frame.payload.readUInt16BE(0)
      closedAt = Date.now()
      // A close frame with this code, masked with zeros.
      socket.write(Buffer.from([0x88, 0x82, 0, 0, 0, 0, ...frame.payload.subarray(0, 2)]))
    }
  }
  return { code, after: Date.now() - closedAt }
}

/** The first frame, if all of it is there (RFC 6455, 5.2; servers do not mask). */
function readFrame(bytes: Buffer) {
  if (bytes.length < 2) return undefined
  const [first = 0, short = 0] = bytes
  const head = short === 127 ? 10 : short === 126 ? 4 : 2
  if (bytes.length < head) return undefined
  const long = short === 127 ? Number(bytes.readBigUInt64BE(2)) : bytes.readUInt16BE(2)
  const end = head + (short < 126 ? short : long)
  if (bytes.length < end) return undefined
  return { opcode: first & 15, payload: bytes.subarray(head, end), end }
}

/** The same with the WebSocket of Node, which says `close` when the TCP connection has ended. */
async function untilNodeCloses(cursor?: string, opened = () => {}): Promise<Closed> {
  const reader = new FirehoseReader(server.origin, cursor)
  void reader.opened().then(opened)
  let frameAt = Date.now()
  await reader.until(({ events, closeCode }) => {
    if (closeCode === undefined && events.length > 0) frameAt = Date.now()
    return closeCode !== undefined
  })
  return { code: reader.closeCode ?? 0, after: Date.now() - frameAt }
}

const clients = {
  'a client on TCP': (cursor?: string, opened?: () => void) =>
    untilClosed(cursor === undefined ? '' : `?cursor=${cursor}`, opened),
  "Node's client": untilNodeCloses,
}

describe.each(Object.entries(clients))('%s', (_, connect) => {
  test('that asks for the future', async () => {
    const { code, after } = await connect('999999999999')
    expect(code).toBe(1008)
    expect(after).toBeLessThan(SOON)
  })

  test('that asks for nonsense', async () => {
    const { code, after } = await connect('nonsense')
    expect(code).toBe(1008)
    expect(after).toBeLessThan(SOON)
  })

  test('that was sent as much as may be unread', async () => {
    const { code, after } = await connect('0')
    expect(code).toBe(1008)
    expect(after).toBeLessThan(SOON)
  })

  test('that is live, and is to come again', async () => {
    let writing: Promise<void> | undefined
    const { code, after } = await connect(undefined, () => {
      writing = write(10)
    })
    await writing
    expect(code).toBe(1001)
    expect(after).toBeLessThan(SOON)
  })
})
