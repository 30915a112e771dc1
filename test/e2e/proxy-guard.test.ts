/**
 * Addresses that strangers choose, on a server as it runs in production. Two guards are looked at one by one: the
 * server's own, with a network that would let everything through, and that of the network, with a program that asks
 * for everything.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer, type Server } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { network } from '../../cli/host/workerd-config.ts'
import { APPVIEW, type ProxyHost, startProxyHost } from '../support/proxy.ts'

const workerd = (createRequire(import.meta.url)('workerd') as { default: string }).default

/** Something on the operator's machine that nobody outside is to reach. */
let canary: Server
let port: number
let connections = 0
const running: ChildProcess[] = []

beforeAll(async () => {
  canary = createServer((socket) => {
    connections++
    socket.on('error', () => {})
    socket.unref()
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\nsecret')
  })
  // All interfaces, IPv6 as well.
  await new Promise<void>((resolve) => canary.listen(0, resolve))
  const address = canary.address()
  port = address !== null && typeof address === 'object' ? address.port : 0
})

beforeEach(() => {
  connections = 0
})

afterAll(async () => {
  for (const child of running) child.kill()
  canary.close()
})

/** Starts workerd on a configuration, and says where it listens. */
async function startWorkerd(config: string, env: Record<string, string> = {}): Promise<string> {
  const child = spawn(workerd, ['serve', '--control-fd=3', config], {
    env: { ...process.env, ...env },
    cwd: join(config, '..'),
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  })
  running.push(child)
  for await (const line of createInterface({ input: child.stdio[3] as Readable })) {
    const event = JSON.parse(line) as { event: string; port?: number }
    if (event.event === 'listen') return `http://127.0.0.1:${event.port}`
  }
  throw new Error('workerd did not start')
}

describe("the server's own guard", () => {
  let host: ProxyHost
  let origin: string
  let ownService: Response

  beforeAll(async () => {
    host = await startProxyHost(() => ({ PDS_DISABLE_SSRF_PROTECTION: 'false' }))
    ownService = await host.call('app.bsky.feed.getTimeline')
    origin = await reopened(host)
  })

  afterAll(async () => {
    await host.appview.stop()
    await host.plc.stop()
  })

  /** The same server over again, with a network that stops nothing: what is stopped now, the server stops. */
  async function reopened({ server, plc, appview }: ProxyHost): Promise<string> {
    const written = readFileSync(join(server.dataDirectory, 'workerd.capnp'), 'utf8')
    expect(written).toContain(`(name = "internet", network = ${network(false)})`)
    const config = join(server.dataDirectory, 'open.capnp')
    const open = written
      .replace(network(false), network(true))
      .replace(/127\.0\.0\.1:\d+/, '127.0.0.1:0')
      // The folder of this socket goes with the program beside it.
      .replace(/unix:[^"]*control[^"]*/, `unix:${join(server.dataDirectory, 'control')}`)
    writeFileSync(config, open)
    await server.stop()
    const secrets = JSON.parse(readFileSync(join(server.dataDirectory, 'secrets.json'), 'utf8'))
    return startWorkerd(config, {
      ...(secrets as Record<string, string>),
      PDS_DEV_MODE: 'true',
      PDS_DISABLE_SSRF_PROTECTION: 'false',
      PDS_DID_PLC_URL: plc.url,
      PDS_BSKY_APP_VIEW_URL: appview.url,
      PDS_BSKY_APP_VIEW_DID: APPVIEW,
    })
  }

  const get = (path: string, proxy?: string) =>
    fetch(`${origin}/xrpc/${path}`, {
      headers: {
        authorization: `Bearer ${host.agent.session?.accessJwt}`,
        ...(proxy && { 'atproto-proxy': proxy }),
      },
    })

  const ADDRESSES = [
    '127.0.0.1',
    'localhost',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '2130706433',
    '0x7f.1',
    '0.0.0.0',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.0.1',
    '169.254.169.254',
    '[fe80::1]',
    '[fd00::1]',
    hostname(),
  ]

  test.each(ADDRESSES)('does not let a DID document lead to %s', async (address) => {
    for (const scheme of ['https', 'http']) {
      const did = await host.register({ svc: `${scheme}://${address}:${port}` })
      const response = await get('app.bsky.feed.getTimeline', `${did}#svc`)
      const { error } = (await response.json()) as { error: string }
      // Some are not even taken for addresses.
      expect([502, 400]).toContain(response.status)
      expect(['UpstreamFailure', 'InvalidRequest']).toContain(error)
    }
    expect(connections).toBe(0)
  })

  test.each(['did:web:localhost', 'did:web:127.0.0.1', 'did:web:localhost%3A{port}'])(
    'does not look for a DID document at %s',
    async (did) => {
      const response = await get(
        'app.bsky.feed.getTimeline',
        `${did.replace('{port}', String(port))}#svc`,
      )
      expect(response.status).toBe(400)
      expect(connections).toBe(0)
    },
  )

  test("lets the operator's own services be anywhere", () => {
    expect(ownService.status).toBe(200)
  })
})

describe('the guard of the network', () => {
  /** A program that asks for any URL on the network that the production configuration gives out. */
  async function asker(reachPrivate: boolean) {
    const config = join(mkdtempSync(join(tmpdir(), 'cumulus-guard-')), 'config.capnp')
    const script = `export default {
      async fetch(request) {
        const url = new URL(request.url).searchParams.get('url')
        return fetch(url).catch((error) => new Response(String(error), { status: 502 }))
      }
    }`
    writeFileSync(
      config,
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.js", esModule = ${JSON.stringify(script)})],
      compatibilityDate = "2026-11-01"
    )),
    (name = "internet", network = ${network(reachPrivate)})
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);`,
    )
    const origin = await startWorkerd(config)
    return (url: string) => fetch(`${origin}/?${new URLSearchParams({ url })}`)
  }

  // What a name leads to is known only when the connection is made: to the network, all of these are names that
  // were rebound to a private address.
  const NAMES = ['localhost', hostname(), '127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0']

  test('stops whatever leads to a private address, by name too', async () => {
    const ask = await asker(false)
    for (const name of NAMES) {
      const response = await ask(`http://${name}:${port}/`)
      expect(response.status, name).toBe(502)
    }
    expect(connections).toBe(0)
  })

  test('would have been needed', async () => {
    const ask = await asker(true)
    for (const name of ['localhost', hostname(), '127.0.0.1']) {
      // Now and then the runtime loses its first connections to a name with several addresses.
      const answer = async () => (await ask(`http://${name}:${port}/`)).text()
      await vi.waitFor(async () => expect(await answer(), name).toBe('secret'))
    }
    expect(connections).toBeGreaterThanOrEqual(3)
  })
})
