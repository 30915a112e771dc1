/** Consumers of the firehose that read nothing: what they cost the host, and those who do read. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MadeAccount, makeAccounts } from '../support/accounts.ts'
import { FirehoseReader, untilHead } from '../support/firehose.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { type StalledSocket, stall } from '../support/stalled.ts'

const PATH = '/xrpc/com.atproto.sync.subscribeRepos'
const STALLED = 50
/** Events of the backlog, of some 0.95 MB each. */
const BACKLOG = 60

let server: TestServer
let account: MadeAccount
const stalled: StalledSocket[] = []

beforeAll(async () => {
  server = await startServer({
    env: {
      PDS_RATE_LIMITS_ENABLED: 'true',
      LOG_LEVEL: 'error',
      PDS_FIREHOSE_MAX_UNREAD: '33554432',
    },
  })
  const [made] = await makeAccounts(server, 1)
  if (!made) throw new Error('no account')
  account = made
})

afterAll(async () => {
  for (const socket of stalled) socket.close()
  await server.stop()
})

/** Number of the newest event: each of the two accounts had four when it was made. */
let head = 8

const write = async (text: string, count: number) => {
  const response = await fetch(`${server.origin}/xrpc/com.atproto.repo.applyWrites`, {
    method: 'POST',
    headers: { authorization: `Bearer ${account.accessJwt}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      repo: account.did,
      writes: Array.from({ length: count }, () => ({
        $type: 'com.atproto.repo.applyWrites#create',
        collection: 'com.example.note',
        value: { $type: 'com.example.note', text },
      })),
    }),
  })
  if (!response.ok) throw new Error(await response.text())
  head++
}

/** Bytes of memory of all processes of the server. */
function residentMemory(): number {
  const { pid } = server
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return children
    .map((child) => readFileSync(`/proc/${child}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)?.[1])
    .reduce((sum, kilobytes) => sum + Number(kilobytes ?? 0) * 1024, 0)
}

/** Reads everything after `cursor`, on as many connections as it takes, until event `newest` has come. */
function readThrough(cursor: number) {
  const seqs: number[] = []
  let last = Number.POSITIVE_INFINITY
  let look = () => {}
  const isOver = () => (seqs.at(-1) ?? cursor) >= last
  const reading = (async () => {
    while (!isOver()) {
      const reader = new FirehoseReader(server.origin, seqs.at(-1) ?? cursor)
      let taken = 0
      await Promise.race([
        reader.until(({ events, closeCode }) => {
          for (; taken < events.length; taken++) {
            const seq = events[taken]?.body.seq
            if (typeof seq === 'number') seqs.push(seq)
          }
          return isOver() || closeCode !== undefined
        }),
        new Promise<void>((resolve) => {
          look = () => isOver() && resolve()
        }),
      ])
      reader.close()
    }
  })()
  return {
    async until(newest: number): Promise<number[]> {
      last = newest
      look()
      await reading
      return seqs
    },
  }
}

const connectStalled = async (address: string, cursor = 0) => {
  const socket = await stall(server.origin, `${PATH}?cursor=${cursor}`, { address, upgrade: true })
  stalled.push(socket)
  return socket
}

test(`${STALLED} consumers that read nothing hold one budget together, and who reads loses nothing`, {
  timeout: 120_000,
}, async () => {
  for (let n = 0; n < BACKLOG; n++) await write('x'.repeat(95_000), 10)
  const before = residentMemory()
  for (let n = 0; n < STALLED; n++) await connectStalled(`198.51.100.${n}`)

  let highest = 0
  const reader = readThrough(0)
  const watch = setInterval(() => {
    highest = Math.max(highest, residentMemory())
  }, 100)
  // What is written meanwhile comes as well.
  for (let n = 0; n < 20; n++) await write('short', 1)
  const seqs = await reader.until(head)
  clearInterval(watch)

  expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, index) => index + 1))
  // The budget is 32 MiB; before there was one, each of the fifty held 64 MiB.
  expect(highest - before).toBeLessThan(160 * 1024 * 1024)
})

test('the same holds for those that were live before they stopped reading', {
  timeout: 120_000,
}, async () => {
  await untilHead(server.origin, head)
  const first = head
  const before = residentMemory()
  for (let n = 0; n < STALLED; n++) await connectStalled(`198.51.101.${n}`, first)
  const reader = readThrough(first)
  for (let n = 0; n < 20; n++) await write('y'.repeat(95_000), 10)
  const highest = residentMemory()
  const seqs = await reader.until(head)
  expect(seqs).toEqual(Array.from({ length: 20 }, (_, index) => first + 1 + index))
  expect(highest - before).toBeLessThan(160 * 1024 * 1024)
})

test('an address has ten connections at once; an IPv6 network is one address', async () => {
  // None is behind: one that reads nothing of what it was sent might be closed before the others come.
  await untilHead(server.origin, head)
  const statuses: number[] = []
  for (let n = 0; n < 12; n++) {
    const { status } = await connectStalled(`2001:db8:1:2::${n + 1}`, head)
    statuses.push(status)
  }
  expect(statuses).toEqual([...Array(10).fill(101), 429, 429])
  expect((await connectStalled('2001:db8:1:3::1', head)).status).toBe(101)
})
