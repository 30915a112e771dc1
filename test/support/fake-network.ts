/** Everybody that a host deals with, on this machine: DNS, the PLC directory, a relay, an AppView, who tells versions. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startPlc } from './plc.ts'

export interface Answered {
  status: number
  /** Sent as JSON. */
  body: unknown
}

type Query = URLSearchParams

/** One of them; `answer` may be set to spoil what it says. */
export interface Fake {
  url: string
  /** Given what it would say, what it says. */
  alter: ((path: string, query: Query, said: Answered) => Answered) | undefined
  /** ms that its clock is off. */
  clockOff: number
  /** What was posted: paths, with bodies. */
  posted: { path: string; body: unknown }[]
  stop(): Promise<void>
}

/** @param says what it says by itself */
export async function startFake(
  says: (path: string, query: Query, asked: IncomingMessage, body: unknown) => Promise<Answered>,
): Promise<Fake> {
  const server = createServer(async (asked, response) => {
    const { pathname, searchParams } = new URL(asked.url ?? '', 'http://localhost')
    const path = decodeURIComponent(pathname)
    const body = await readJson(asked)
    if (asked.method === 'POST') fake.posted.push({ path, body })
    const said = await says(path, searchParams, asked, body)
    const { status, body: answer } = fake.alter ? fake.alter(path, searchParams, said) : said
    response.sendDate = false
    response.writeHead(status, {
      'content-type': 'application/json',
      date: new Date(Date.now() + fake.clockOff).toUTCString(),
    })
    response.end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const fake: Fake = {
    // Not by its address: some settings want a name.
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    alter: undefined,
    clockOff: 0,
    posted: [],
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return fake
}

async function readJson(asked: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const piece of asked) text += piece
  return text === '' ? undefined : JSON.parse(text)
}

export interface FakeNetwork {
  dns: Fake
  plc: Fake
  relay: Fake
  appview: Fake
  versions: Fake
  /** Origin of the host that relay and AppView have everything of; the relay has this many events less. */
  host: { origin: string }
  /** As it was at the beginning. */
  repair(): void
  stop(): Promise<void>
}

const TYPES: Readonly<Record<string, number>> = { A: 1, TXT: 16, AAAA: 28 }

/** @param hostname of the host, which DNS knows, with everything below it */
export async function startFakeNetwork(hostname: string): Promise<FakeNetwork> {
  const directory = await startPlc()
  const host = { origin: '' }
  const ask = async (path: string, query: Record<string, string>): Promise<Answered> => {
    const response = await fetch(`${host.origin}/xrpc/${path}?${new URLSearchParams(query)}`)
    return { status: response.status, body: await response.json() }
  }
  const dns = await startFake(async (_, query) => {
    const [name = '', type = ''] = [query.get('name'), query.get('type')].map((one) => one ?? '')
    const isOurs = name === hostname || (name.endsWith(`.${hostname}`) && !name.startsWith('_'))
    const Answer =
      isOurs && type === 'A' ? [{ name, type: TYPES.A, TTL: 300, data: '127.0.0.1' }] : []
    return { status: 200, body: { Status: isOurs ? 0 : 3, Answer } }
  })
  const plc = await startFake(async (path, _, { method }, body) => {
    const init = { method, headers: { 'content-type': 'application/json' } }
    const sent = body === undefined ? init : { ...init, body: JSON.stringify(body) }
    const response = await fetch(`${directory.url}${encodeURI(path)}`, sent)
    const text = await response.text()
    return {
      status: response.status,
      body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text,
    }
  })
  const relay = await startFake(async (path, query) => {
    if (path.endsWith('requestCrawl')) return { status: 200, body: {} }
    if (path.endsWith('getHostStatus')) {
      const { body } = await ask('_health', {})
      const { head, accounts } = (body as { firehose: { head: number; accounts: number } }).firehose
      const known = { hostname: query.get('hostname'), status: 'active', seq: head }
      return { status: 200, body: { ...known, accountCount: accounts } }
    }
    return ask('com.atproto.sync.getRepoStatus', { did: query.get('did') ?? '' })
  })
  const appview = await startFake(async (path, query) => {
    if (path.endsWith('_health')) return { status: 200, body: { version: '1' } }
    if (path.endsWith('getProfile')) {
      const did = query.get('actor') ?? ''
      const { body } = await ask('com.atproto.repo.describeRepo', { repo: did })
      return { status: 200, body: { did, handle: (body as { handle: string }).handle } }
    }
    return { status: 200, body: { posts: query.getAll('uris').map((uri) => ({ uri })) } }
  })
  const versions = await startFake(async () => ({ status: 200, body: { version: '0.0.1' } }))
  const all = [dns, plc, relay, appview, versions]
  return {
    ...{ dns, plc, relay, appview, versions, host },
    repair() {
      for (const fake of all) Object.assign(fake, { alter: undefined, clockOff: 0 })
    },
    async stop() {
      await Promise.all([...all.map((fake) => fake.stop()), directory.stop()])
    },
  }
}
