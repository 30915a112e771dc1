/** The server behind the reverse proxies of `docs/self-hosting.md`. */
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MadeAccount, makeAccounts } from '../support/accounts.ts'
import {
  getAs,
  hasReverseProxy,
  PROXY_KINDS,
  type ReverseProxy,
  startReverseProxy,
} from '../support/reverse-proxies.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let account: MadeAccount

beforeAll(async () => {
  server = await startServer({
    env: {
      PDS_HOSTNAME: 'pds.example.com',
      PDS_SERVICE_HANDLE_DOMAINS: '.pds.example.com,.test',
      PDS_FIRST_HANDLE: 'alice.pds.example.com',
      PDS_DEV_MODE: 'false',
      PDS_RATE_LIMITS_ENABLED: 'true',
    },
  })
  const [made] = await makeAccounts(server, 1)
  if (!made) throw new Error('no account')
  account = made
})

afterAll(() => server.stop())

describe.each(PROXY_KINDS.filter(hasReverseProxy))('behind %s', (kind) => {
  let proxy: ReverseProxy
  beforeAll(async () => {
    proxy = await startReverseProxy(kind, server.origin)
  })
  afterAll(() => proxy.stop())

  test('the host answers under its name, and handles say whose they are', async () => {
    const path = '/xrpc/com.atproto.server.describeServer'
    expect((await getAs(proxy.origin, 'pds.example.com', path)).status).toBe(200)
    const atprotoDid = '/.well-known/atproto-did'
    expect(await getAs(proxy.origin, account.handle, atprotoDid)).toEqual({
      status: 200,
      text: account.did,
    })
    expect((await getAs(proxy.origin, account.handle, path)).status).toBe(404)
  })

  // nginx appends who asks: of a client on this machine the address before that is believed.
  test.runIf(kind === 'caddy')('what a client says of its address does not count', async () => {
    const remaining = async (from: string) => {
      const headers = { 'x-forwarded-for': from }
      const response = await fetch(`${proxy.origin}/xrpc/com.atproto.server.describeServer`, {
        headers,
      })
      return Number(response.headers.get('ratelimit-remaining'))
    }
    const first = await remaining('203.0.113.1')
    expect(await remaining('203.0.113.2')).toBe(first - 1)
  })

  test('the firehose is there', async () => {
    const url = `${proxy.origin.replace('http', 'ws')}/xrpc/com.atproto.sync.subscribeRepos?cursor=0`
    const socket = new WebSocket(url)
    socket.binaryType = 'arraybuffer'
    const frame = await new Promise<MessageEvent>((resolve, reject) => {
      socket.onmessage = resolve
      socket.onerror = reject
    })
    expect((frame.data as ArrayBuffer).byteLength).toBeGreaterThan(0)
    socket.close()
  })
})

describe.runIf(hasReverseProxy('caddy'))('certificates of Caddy', () => {
  let proxy: ReverseProxy
  beforeAll(async () => {
    proxy = await startReverseProxy('caddy', server.origin, { tls: true })
  })
  afterAll(() => proxy.stop())

  /** The name that the certificate is for which somebody gets who asks for `servername`. */
  const certificateOf = (servername: string) =>
    new Promise<string | undefined>((resolve) => {
      const options = { host: '127.0.0.1', port: proxy.port, servername, rejectUnauthorized: false }
      const socket = connect(options, () => {
        resolve(socket.getPeerCertificate().subjectaltname)
        socket.destroy()
      }).on('error', () => resolve(undefined))
    })

  test('are made for the host and for handles of accounts, and for no other name', async () => {
    for (const name of ['pds.example.com', 'alice.pds.example.com']) {
      expect(await certificateOf(name)).toBe(`DNS:${name}`)
    }
    expect(await certificateOf('nobody.pds.example.com')).toBeUndefined()
  })
})

test('the server listens where it is told to', async () => {
  const elsewhere = await startServer({ env: { PDS_BIND: '::1', PDS_FIRST_HANDLE: 'bob.test' } })
  try {
    const { port } = new URL(elsewhere.origin)
    expect((await getAs(`http://[::1]:${port}`, 'localhost', '/xrpc/_health')).status).toBe(200)
    await expect(fetch(elsewhere.origin)).rejects.toThrow('fetch failed')
  } finally {
    await elsewhere.stop()
  }
})
