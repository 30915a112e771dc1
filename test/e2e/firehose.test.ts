/** Many accounts write at once while the server is killed and comes back: the firehose has it all, once. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { IdResolver } from '@atproto/identity'
import { decode } from '@atproto/lex-cbor'
import { def, readCarWithRoot } from '@atproto/repo'
import { type Event, Firehose, FirehoseSubscriptionError } from '@atproto/sync'
import { expect, test, vi } from 'vitest'
import { withoutRepeats } from '../../src/testing/repeats.ts'
import { makeAccounts } from '../support/accounts.ts'
import { type FirehoseEvent, FirehoseReader, untilHead } from '../support/firehose.ts'
import { startPlc } from '../support/plc.ts'
import { startServer } from '../support/server.ts'
import { Writer } from '../support/writers.ts'

const LONG = process.env.CUMULUS_LONG !== undefined
const ACCOUNTS = LONG ? 50 : 8
/** How long accounts write, in ms, and how often the server is killed meanwhile. */
const DURATION = LONG ? 60_000 : 6000
const KILLS = LONG ? 5 : 2

/** Reads everything on connections that follow each other, each from the cursor of the last. */
async function readThrough(
  origin: string,
  reachable: () => Promise<void>,
  done: (events: readonly FirehoseEvent[]) => boolean,
): Promise<FirehoseEvent[]> {
  const events: FirehoseEvent[] = []
  while (!done(events)) {
    const before = events.length
    const reader = new FirehoseReader(origin, Number(events.at(-1)?.body.seq ?? 0))
    await reader.until((now) => {
      events.splice(before, events.length, ...now.events)
      return now.closeCode !== undefined || done(events)
    })
    reader.close()
    await reachable()
  }
  return events
}

async function latestRev(origin: string, did: string): Promise<string> {
  const response = await fetch(`${origin}/xrpc/com.atproto.sync.getLatestCommit?did=${did}`)
  return ((await response.json()) as { rev: string }).rev
}

const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

test.each([[[1]], [[4, 2, 5]]])(
  `${ACCOUNTS} accounts write while the server is killed ${KILLS} times, the log in %j objects: consumers get each commit once, in order`,
  {
    timeout: DURATION * 3 + 60_000,
  },
  async (shards) => {
    const plc = await startPlc()
    /** Settings after so many kills. */
    const envAfter = (kills: number) => ({
      PDS_DID_PLC_URL: plc.url,
      PDS_LOG_SHARDS: String(shards[kills % shards.length]),
    })
    let server = await startServer({ env: envAfter(0) })
    const { origin, dataDirectory } = server
    const port = Number(new URL(origin).port)
    let up = Promise.resolve()
    const reachable = () => up

    // The first account's did:web can be looked up by nobody here.
    const { firehose: before } = await (await fetch(`${origin}/xrpc/_health`)).json()
    const accounts = await makeAccounts(server, ACCOUNTS, 'did:plc')
    const dids = new Set(accounts.map(({ did }) => did))
    const errors: Error[] = []
    const verified: Event[] = []
    let wake = () => {}
    const firehose = new Firehose({
      service: origin.replace('http', 'ws'),
      // The default refuses addresses of this machine.
      idResolver: new IdResolver({ plcUrl: plc.url, fetch }),
      unauthenticatedHandles: true,
      subscriptionReconnectDelay: 100,
      maxReconnectSeconds: 1,
      getCursor: () => verified.at(-1)?.seq ?? before.head,
      handleEvent: (event) => {
        if (!dids.has(event.did)) return
        verified.push(event)
        wake()
      },
      onError: (error) => {
        // A broken connection is what this is about; anything else is a bad event.
        if (!(error instanceof FirehoseSubscriptionError)) errors.push(error)
      },
    })
    void firehose.start()

    let over = false
    let revs: Map<string, string> | undefined
    const isRead = (events: readonly FirehoseEvent[]) => {
      if (!revs) return false
      // Revs are unique within an account only.
      const missing = new Map(revs)
      for (const { body } of events) {
        const repo = String(body.repo)
        if (missing.get(repo) === body.rev) missing.delete(repo)
      }
      return missing.size === 0
    }
    const reading = readThrough(origin, reachable, isRead)
    const writers = accounts.map((account) => new Writer(origin, account, reachable))
    const writing = Promise.all(writers.map((writer) => writer.run(() => over)))
    for (let kill = 0; kill < KILLS; kill++) {
      await after(DURATION / (KILLS + 1))
      const restart = async () => {
        await server.stop('SIGKILL')
        server = await startServer({ dataDirectory, port, env: envAfter(kill + 1) })
      }
      up = restart()
      await up
    }
    await after(DURATION / (KILLS + 1))
    const written = vi.waitFor(() => {
      for (const { acknowledged } of writers) expect(acknowledged.length).toBeGreaterThan(10)
    })
    await Promise.race([written, writing])
    over = true
    await writing
    const latest = accounts.map(async ({ did }) => [did, await latestRev(origin, did)] as const)
    revs = new Map(await Promise.all(latest))
    // An event after `revs` is known, so that the reader looks once more.
    await makeAccounts(server, 1, 'did:plc')
    // What was sent and not stored when the server was killed has come again: consumers know it by its rev.
    const read = await reading
    const { once: events } = withoutRepeats(read)
    const newest = Math.max(
      ...read.filter(({ body }) => dids.has(String(body.repo))).map(({ body }) => Number(body.seq)),
    )
    while ((verified.at(-1)?.seq ?? 0) < newest) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    await firehose.destroy()
    await server.stop()
    await plc.stop()

    expect(errors).toEqual([])
    const numbers = read.map(({ body }) => Number(body.seq))
    expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other))
    for (const { account, acknowledged } of writers) {
      const { did } = account
      const written = await followChain(events.filter(({ body }) => body.repo === did))
      expect(written.at(-1)?.rev).toBe(revs.get(did))
      const uris = written.flatMap(({ uri }) => uri ?? [])
      expect(new Set(uris).size).toBe(uris.length)
      const promised = acknowledged.map(({ uri }) => uri)
      expect(uris.filter((uri) => promised.includes(uri))).toEqual(promised)
      const known = new Set<string>()
      const creations = verified.flatMap((event) => {
        if (event.event !== 'create' || event.did !== did) return []
        const uri = event.uri.toString()
        const isRepeat = known.has(`${event.rev} ${uri}`)
        known.add(`${event.rev} ${uri}`)
        return isRepeat ? [] : [uri]
      })
      expect(creations).toEqual(uris)
    }
  },
)

/** Checks that each commit follows the one before; returns rev and URI of what each created. */
async function followChain(commits: readonly FirehoseEvent[]) {
  let since: unknown = null
  let prevData: string | undefined
  const written: { rev: string; uri: string | undefined }[] = []
  for (const { type, body } of commits) {
    expect(type).toBe('#commit')
    expect(body.since).toBe(since)
    expect(body.prevData?.toString()).toBe(prevData)
    const { root, blocks } = await readCarWithRoot(body.blocks as Uint8Array)
    const commit = def.commit.schema.parse(decode(blocks.get(root) ?? new Uint8Array()))
    const [op] = body.ops as { path: string }[]
    since = body.rev
    prevData = commit.data.toString()
    written.push({ rev: String(body.rev), uri: op && `at://${body.repo}/${op.path}` })
  }
  return written
}

test('the host asks its relay to crawl it, and the status page says so', async () => {
  const asked: { url: string | undefined; body: string }[] = []
  let wake = () => {}
  const relay = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      asked.push({ url: request.url, body })
      response.end('{}')
      wake()
    })
  })
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
  const { port } = relay.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const server = await startServer({
    env: {
      PDS_HOSTNAME: 'pds.test',
      PDS_SERVICE_HANDLE_DOMAINS: '.test',
      PDS_CRAWLERS: url,
    },
  })
  if (asked.length === 0) {
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
  expect(asked).toEqual([
    {
      url: '/xrpc/com.atproto.sync.requestCrawl',
      body: JSON.stringify({ hostname: 'pds.test' }),
    },
  ])
  const page = await (await fetch(`${server.origin}/status`)).text()
  expect(page).toContain('<title>Nobody is listening')
  expect(page).toContain(url)
  const reader = await new FirehoseReader(server.origin, 0).opened()
  await reader.until(({ events }) => events.length >= 4)
  // The relay has been asked before its answer is noted.
  await vi.waitFor(async () => {
    const { firehose } = await (await fetch(`${server.origin}/xrpc/_health`)).json()
    expect(firehose).toMatchObject({
      consumers: 1,
      behind: 0,
      relays: [{ url, outcome: 'accepted' }],
    })
  })
  expect(await (await fetch(`${server.origin}/status`)).text()).toContain('Yes: one consumer.')
  reader.close()
  // After a restart and further events the relay is not asked again at once.
  await server.stop()
  const again = await startServer({
    dataDirectory: server.dataDirectory,
    port: Number(new URL(server.origin).port),
    env: { PDS_HOSTNAME: 'pds.test', PDS_SERVICE_HANDLE_DOMAINS: '.test', PDS_CRAWLERS: url },
  })
  await makeAccounts(again, 1)
  await untilHead(again.origin, 8)
  await again.stop()
  relay.close()
  expect(asked).toHaveLength(1)
})
