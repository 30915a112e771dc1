/** A host that is stopped answers what was asked, tells consumers of the firehose to come again, and loses nothing. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type MadeAccount, makeAccounts } from '../support/accounts.ts'
import { FirehoseReader } from '../support/firehose.ts'
import { PROJECT } from '../support/project.ts'
import {
  freePort,
  startServer,
  type TestServer,
  type TestServerOptions,
  workerdPidOf,
} from '../support/server.ts'

const COLLECTION = 'com.example.note'

let server: TestServer
let accounts: MadeAccount[]

const start = async (from?: TestServer, options: TestServerOptions = {}) => {
  server = await startServer({ ...options, ...(from && { dataDirectory: from.dataDirectory }) })
}

beforeAll(async () => {
  await start()
  accounts = await makeAccounts(server, 3)
})
afterAll(() => server.stop())

const first = (): MadeAccount => accounts[0] as MadeAccount

function write({ did, accessJwt }: MadeAccount, rkey: string): Promise<Response> {
  return fetch(`${server.origin}/xrpc/com.atproto.repo.createRecord`, {
    method: 'POST',
    headers: { authorization: `Bearer ${accessJwt}`, 'content-type': 'application/json' },
    body: JSON.stringify({ repo: did, collection: COLLECTION, rkey, record: { rkey } }),
  })
}

async function keys({ did }: MadeAccount): Promise<string[]> {
  const found: string[] = []
  let cursor = ''
  do {
    const query = new URLSearchParams({ repo: did, collection: COLLECTION, limit: '100', cursor })
    const response = await fetch(`${server.origin}/xrpc/com.atproto.repo.listRecords?${query}`)
    const page = (await response.json()) as { records: { uri: string }[]; cursor?: string }
    found.push(...page.records.map(({ uri }) => uri.split('/').at(-1) ?? ''))
    cursor = page.cursor ?? ''
  } while (cursor !== '')
  return found
}

/** A request whose body is sent in two halves. */
function slowRequest(path: string, headers: object, body: string) {
  const { hostname, port } = new URL(server.origin)
  const socket: Socket = connect(Number(port), hostname)
  let answer = ''
  const answered = new Promise<string>((resolve, reject) => {
    socket.on('data', (chunk) => {
      answer += chunk.toString()
    })
    socket.once('close', () => resolve(answer))
    socket.once('error', reject)
  })
  const all = {
    host: hostname,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...headers,
  }
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  const half = Math.floor(body.length / 2)
  const sent = new Promise<void>((resolve) => {
    const begin = `POST ${path} HTTP/1.1\r\n${head.join('')}\r\n${body.slice(0, half)}`
    socket.write(begin, () => resolve())
  })
  return { sent, finish: () => socket.write(body.slice(half)), answered }
}

describe('while it is stopped', () => {
  /** Writes a record by a request that ends only after `stop` has begun. */
  async function expectAnswered(rkey: string, stop: () => Promise<void>): Promise<void> {
    const { did, accessJwt } = first()
    const request = slowRequest(
      '/xrpc/com.atproto.repo.createRecord',
      { authorization: `Bearer ${accessJwt}` },
      JSON.stringify({ repo: did, collection: COLLECTION, rkey, record: { text: 'slow' } }),
    )
    // Whoever comes later is answered: so it has come.
    await request.sent
    for (let n = 0; n < 3; n++) await fetch(`${server.origin}/xrpc/_health`)
    const stopped = stop()
    await sleep(1000)
    request.finish()
    expect(await request.answered).toMatch(/^HTTP\/1\.1 200 /)
    await stopped
  }

  test('a request that is under way is answered, and what it wrote is there afterwards', async () => {
    await expectAnswered('slow', () => server.stop())
    await start(server, { grouped: true, args: ['--log', 'text'] })
    expect(await keys(first())).toEqual(['slow'])
    // The line of a request comes after its answer.
    await vi.waitFor(() => expect(server.output).toMatch(/^\d\d:\d\d:\d\d 200 GET {2}\/xrpc\//m))
  })

  test('the same where Ctrl-C reaches all processes of a terminal', async () => {
    await expectAnswered('interrupted', () => {
      process.kill(-server.pid, 'SIGINT')
      return server.stop('SIGINT')
    })
    await start(server)
    expect((await keys(first())).sort()).toEqual(['interrupted', 'slow'])
  })

  test('whatever was acknowledged to somebody who writes on and on is there', async () => {
    const acknowledged = accounts.map(() => [] as string[])
    let stops = false
    const writers = accounts.map(async (account, index) => {
      for (let n = 0; !stops; n++) {
        const rkey = `n${n}`
        const response = await write(account, rkey).catch(() => undefined)
        if (response?.ok) acknowledged[index]?.push(rkey)
        else if (!response) return
      }
    })
    const enough = () => expect(acknowledged.every(({ length }) => length > 10)).toBe(true)
    await vi.waitFor(enough)
    await server.stop()
    stops = true
    await Promise.all(writers)
    await start(server)
    for (const [index, account] of accounts.entries()) {
      expect(await keys(account)).toEqual(expect.arrayContaining(acknowledged[index] ?? []))
    }
  })

  test('consumers of the firehose have all events, are told to come again, and miss nothing', async () => {
    const reader = new FirehoseReader(server.origin)
    await reader.opened()
    expect((await write(first(), 'before')).status).toBe(200)
    // What was written last before the start may come before it.
    await reader.until(({ events }) =>
      events.some(({ body }) => `${JSON.stringify(body.ops)}`.includes('/before"')),
    )
    const count = reader.events.length
    const stopped = server.stop()
    await reader.until(({ closeCode }) => closeCode !== undefined)
    expect(reader.closeCode).toBe(1001)
    expect(reader.events).toHaveLength(count)
    await stopped
    await start(server)
    expect((await write(first(), 'after')).status).toBe(200)
    const cursor = Number(reader.events.at(-1)?.body.seq)
    const again = new FirehoseReader(server.origin, cursor)
    await again.until(({ events }) => events.length === 1)
    expect(again.events[0]?.body.ops).toMatchObject([{ path: expect.stringMatching(/after$/) }])
    again.close()
  })

  test('what consumers were sent until they were told to come again is stored: none of it comes a second time', async () => {
    const reader = new FirehoseReader(server.origin)
    await reader.opened()
    // They go on until the host is gone.
    const writers = accounts.map(async (account) => {
      for (let n = 0; ; n++) {
        const response = await write(account, `burst${n}`).catch(() => undefined)
        if (!response) return
        // At such a pace some wait for others most of the time.
        await sleep(15)
      }
    })
    await reader.until(({ events }) => events.length > 20)
    await server.stop()
    await Promise.all(writers)
    await start(server)
    const again = new FirehoseReader(server.origin, Number(reader.events.at(-1)?.body.seq))
    expect((await write(first(), 'next')).status).toBe(200)
    await again.until(({ events }) =>
      events.some(({ body }) => JSON.stringify(body.ops).includes('/next')),
    )
    const revs = [...reader.events, ...again.events].map(({ body }) => `${body.repo} ${body.rev}`)
    expect(revs.filter((rev, index) => revs.indexOf(rev) !== index)).toEqual([])
    again.close()
  })

  test('it says that it is not ready, and takes no new consumers', async () => {
    // One that does not answer the close frame keeps it waiting for some seconds.
    const { hostname, port } = new URL(server.origin)
    const deaf = connect(Number(port), hostname).on('error', () => undefined)
    const upgrade = [
      'GET /xrpc/com.atproto.sync.subscribeRepos HTTP/1.1',
      `host: ${hostname}`,
      'connection: Upgrade',
      'upgrade: websocket',
      'sec-websocket-version: 13',
      `sec-websocket-key: ${Buffer.alloc(16).toString('base64')}`,
    ]
    deaf.write(`${upgrade.join('\r\n')}\r\n\r\n`)
    const health = async () => (await fetch(`${server.origin}/xrpc/_health`)).json()
    const listens = async () => expect(await health()).toMatchObject({ firehose: { consumers: 1 } })
    await vi.waitFor(listens)
    const stopped = server.stop()
    await vi.waitFor(async () => {
      const response = await fetch(`${server.origin}/xrpc/_health`)
      expect([response.status, await response.json()]).toEqual([
        503,
        expect.objectContaining({ error: 'ShuttingDown', version: expect.any(String) }),
      ])
    })
    const late = new FirehoseReader(server.origin)
    await late.until(({ closeCode }) => closeCode !== undefined)
    expect(late.events).toMatchObject([{ type: 'error', body: { error: 'ShuttingDown' } }])
    deaf.destroy()
    await stopped
    await start(server)
    expect((await fetch(`${server.origin}/xrpc/_health`)).status).toBe(200)
  })
})

test('a signal to `npm start` ends the host, which would otherwise run on by itself', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cumulus-'))
  const port = await freePort()
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    CUMULUS_ENV_FILE: '',
    PDS_DATA_DIRECTORY: join(folder, 'data'),
    PDS_PORT: String(port),
  }
  const npm = spawn('npm', ['start'], { cwd: PROJECT, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let errors = ''
  npm.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const isUp = Promise.withResolvers<void>()
  npm.stdout.on('data', (chunk: Buffer) => {
    if (chunk.includes('Cumulus is running')) isUp.resolve()
  })
  npm.once('close', () => isUp.reject(new Error('it has ended')))
  await isUp.promise
  // Whoever starts a host reads what is printed: nothing of it is about workerd's own affairs.
  expect(errors).not.toContain('warning')
  npm.kill('SIGTERM')
  const isDown = () =>
    fetch(`http://127.0.0.1:${port}/xrpc/_health`).then(
      () => false,
      () => true,
    )
  await expect.poll(isDown).toBe(true)
})

test('where `npm start` is killed, the server ends with it: a next start has the data folder for itself', async () => {
  const serving = workerdPidOf(server)
  process.kill(server.pid, 'SIGKILL')
  await expect.poll(() => existsSync(`/proc/${serving}`)).toBe(false)
  // On another port, so that no port that is still taken stands in the way of two.
  await start(server)
  expect((await write(first(), 'after-a-kill')).status).toBe(200)
  expect(await keys(first())).toContain('after-a-kill')
})
