/** Whoever is refused while their body is still on its way gets the answer, also behind a reverse proxy. */
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MadeAccount, makeAccounts } from '../support/accounts.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import {
  hasReverseProxy,
  PROXY_KINDS,
  type ReverseProxy,
  startReverseProxy,
} from '../support/reverse-proxies.ts'
import { startServer, type TestServer } from '../support/server.ts'

const SIZE = 20_000_000

let plc: TestPlc
let server: TestServer
let account: MadeAccount

beforeAll(async () => {
  plc = await startPlc()
  const env = {
    PDS_DID_PLC_URL: plc.url,
    PDS_BLOB_UPLOAD_LIMIT: '1000000',
    PDS_MAX_REPO_IMPORT_SIZE: '1000000',
  }
  server = await startServer({ env })
  const [made] = await makeAccounts(server, 1, 'did:plc')
  if (!made) throw new Error('no account')
  account = made
})

afterAll(async () => {
  await server.stop()
  await plc.stop()
})

interface Upload {
  path: string
  type: string
  signedIn?: boolean
  /** Sent in chunks, without saying how long it is. */
  chunked?: boolean
  status: number
  /** The status if the length is stated, as it is by nginx. */
  statusOfStatedLength?: number
}

const uploads: [string, Upload][] = [
  [
    'an upload of nobody',
    { path: '/xrpc/com.atproto.repo.uploadBlob', type: 'image/png', status: 401 },
  ],
  [
    'a blob that says it is too large',
    { path: '/xrpc/com.atproto.repo.uploadBlob', type: 'image/png', signedIn: true, status: 413 },
  ],
  [
    'a blob that turns out to be too large',
    {
      path: '/xrpc/com.atproto.repo.uploadBlob',
      type: 'image/png',
      signedIn: true,
      chunked: true,
      status: 413,
    },
  ],
  [
    'an import of what is no CAR file',
    {
      path: '/xrpc/com.atproto.repo.importRepo',
      type: 'application/vnd.ipld.car',
      signedIn: true,
      chunked: true,
      status: 400,
      statusOfStatedLength: 413,
    },
  ],
  [
    'a body where none belongs',
    { path: '/xrpc/com.atproto.server.requestPasswordReset', type: 'text/plain', status: 400 },
  ],
  [
    'an input that turns out to be too large',
    {
      path: '/xrpc/com.atproto.server.createSession',
      type: 'application/json',
      chunked: true,
      status: 413,
    },
  ],
  ['a method that is none', { path: '/xrpc/com.example', type: 'text/plain', status: 400 }],
  ['a form that is too large', { path: '/oauth/par', type: 'application/json', status: 413 }],
  [
    'a form that turns out to be too large',
    { path: '/oauth/par', type: 'application/json', chunked: true, status: 413 },
  ],
  ['a page that is none', { path: '/none', type: 'text/plain', status: 413 }],
]

const authorization = ({ signedIn }: Upload): Record<string, string> =>
  signedIn ? { authorization: `Bearer ${account.accessJwt}` } : {}

/** Sends the whole body before it reads, as reverse proxies do. */
async function sendAll(upload: Upload): Promise<number> {
  const { hostname, port } = new URL(server.origin)
  const socket = connect(Number(port), hostname)
  const headers = {
    host: `${hostname}:${port}`,
    'content-type': upload.type,
    ...authorization(upload),
    ...(upload.chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(SIZE) }),
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`POST ${upload.path} HTTP/1.1\r\n${lines.join('')}\r\n`)
  const body = Buffer.alloc(SIZE, 97)
  const sent = upload.chunked
    ? Buffer.concat([Buffer.from(`${SIZE.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')])
    : body
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.write(sent, (error) => (error ? reject(error) : resolve()))
    })
    const first: unknown = (await socket[Symbol.asyncIterator]().next()).value
    return Number(String(first).split(' ')[1])
  } finally {
    socket.destroy()
  }
}

test.each(uploads)('%s', async (_, upload) => {
  for (let n = 0; n < 3; n++) expect(await sendAll(upload)).toBe(upload.status)
})

test.each([100, 8_000, 65_000])(
  'the next request on the connection is answered behind a refused body of %i bytes',
  async (size) => {
    const { hostname, port, host } = new URL(server.origin)
    const socket = connect(Number(port), hostname)
    const refused = `POST /xrpc/com.atproto.repo.uploadBlob HTTP/1.1\r\nhost: ${host}\r\n`
    socket.write(`${refused}content-type: image/png\r\ncontent-length: ${size}\r\n\r\n`)
    socket.write(Buffer.alloc(size))
    socket.write(`GET /robots.txt HTTP/1.1\r\nhost: ${host}\r\n\r\n`)
    let received = ''
    for await (const bytes of socket) {
      received += String(bytes)
      if (received.includes('HTTP/1.1 200')) break
    }
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200'])
  },
)

describe.each(PROXY_KINDS.filter(hasReverseProxy))('behind %s', (kind) => {
  let proxy: ReverseProxy
  beforeAll(async () => {
    proxy = await startReverseProxy(kind, server.origin)
  })
  afterAll(() => proxy.stop())

  test.each(uploads)('%s', async (_, upload) => {
    const statuses = new Set<number>()
    for (let n = 0; n < 10; n++) {
      const body = new Uint8Array(SIZE)
      const response = await fetch(`${proxy.origin}${upload.path}`, {
        method: 'POST',
        headers: { 'content-type': upload.type, ...authorization(upload) },
        body: upload.chunked ? new Blob([body]).stream() : body,
        duplex: 'half',
      } as RequestInit)
      await response.arrayBuffer()
      statuses.add(response.status)
    }
    const stated = kind === 'nginx' ? upload.statusOfStatedLength : undefined
    expect([...statuses]).toEqual([stated ?? upload.status])
  })
})
