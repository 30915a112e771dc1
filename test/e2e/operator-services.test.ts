/** Services that the operator named may be at private addresses, also in production; they see who asks. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { version } from '../../package.json'
import { operatorOf } from '../support/accounts.ts'
import { startDns, type TestDns } from '../support/dns.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

const USER_AGENT = `cumulus/${version} (+https://pds.example.com)`

let plc: TestPlc
let dns: TestDns
let relay: Server
let server: TestServer
const crawl = Promise.withResolvers<IncomingMessage>()

beforeAll(async () => {
  plc = await startPlc()
  dns = await startDns()
  relay = createServer((request, response) => {
    crawl.resolve(request)
    response.end('{}')
  })
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
  server = await startServer({
    env: {
      PDS_DEV_MODE: 'false',
      PDS_HOSTNAME: 'pds.example.com',
      PDS_FIRST_HANDLE: 'first.pds.example.com',
      PDS_DID_PLC_URL: plc.url,
      PDS_DOH_URL: dns.url,
      PDS_CRAWLERS: `http://127.0.0.1:${(relay.address() as AddressInfo).port}`,
    },
  })
})

afterAll(async () => {
  await server.stop()
  await plc.stop()
  await dns.stop()
  relay.close()
})

test('the PLC directory', async () => {
  const response = await fetch(`${server.origin}/xrpc/com.atproto.server.createAccount`, {
    method: 'POST',
    headers: { authorization: operatorOf(server), 'content-type': 'application/json' },
    body: JSON.stringify({ handle: 'somebody.pds.example.com', password: 'a long password' }),
  })
  expect(response.status).toBe(200)
  const { did } = (await response.json()) as { did: string }
  expect(plc.requests).toContain(`POST /${did}`)
  expect([...plc.userAgents]).toEqual([USER_AGENT])
})

test('the DNS resolver', async () => {
  const did = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
  dns.records.set('_atproto.foreign.example.org', [`did=${did}`])
  const asked = '/xrpc/com.atproto.identity.resolveHandle?handle=foreign.example.org'
  expect(await (await fetch(`${server.origin}${asked}`)).json()).toEqual({ did })
  expect([...dns.userAgents]).toEqual([USER_AGENT])
})

test('relays', async () => {
  const { url, headers } = await crawl.promise
  expect(url).toBe('/xrpc/com.atproto.sync.requestCrawl')
  expect(headers['user-agent']).toBe(USER_AGENT)
})
