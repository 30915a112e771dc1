/**
 * Eight attackers, each from an address of its own and with an account, beside one honest client: half an hour in the
 * long form, some seconds otherwise.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { operatorOf } from '../support/accounts.ts'
import { type Attacker, harm } from '../support/hostile.ts'
import { HANDLE, PASSWORD, startServer, type TestServer } from '../support/server.ts'

const MINUTES = Number(process.env.CUMULUS_SOAK_MINUTES ?? (process.env.CUMULUS_LONG ? 30 : 0.15))
const ATTACKERS = 8
/** ms. The short form runs beside whatever else a machine has to do, and is no measurement. */
const LONGEST_WAIT = MINUTES >= 1 ? 500 : 5_000
/** Steps of one attacker that are under way at once. */
const AT_ONCE = 4
const MB = 1024 * 1024

let server: TestServer
beforeAll(async () => {
  server = await startServer({
    env: {
      PDS_RATE_LIMITS_ENABLED: 'true',
      PDS_REGISTRATION: 'open',
      PDS_FIREHOSE_MAX_LOG: String(4 * MB),
      LOG_LEVEL: 'error',
    },
  })
})
afterAll(() => server.stop())

/** Bytes of memory of the processes that serve. */
function residentMemory(): number {
  const children = readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8')
  return children
    .trim()
    .split(' ')
    .map((child) => readFileSync(`/proc/${child}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)?.[1])
    .reduce((sum, kilobytes) => sum + Number(kilobytes ?? 0) * 1024, 0)
}

/** Bytes of each object's database, its log included. */
function sizesOfObjects(): Map<string, number> {
  const sizes = new Map<string, number>()
  const root = join(server.dataDirectory, 'objects')
  for (const kind of readdirSync(root)) {
    for (const file of readdirSync(join(root, kind))) {
      const object = `${kind} ${file.replace(/\.sqlite.*$/, '')}`
      // An object that goes to sleep takes its log away.
      const { size = 0 } = statSync(join(root, kind, file), { throwIfNoEntry: false }) ?? {}
      sizes.set(object, (sizes.get(object) ?? 0) + size)
    }
  }
  return sizes
}

async function makeAttacker(n: number, statuses: Map<string, number>, held: (() => void)[]) {
  const address = `203.0.113.${n + 1}`
  const handle = `attacker-${n}.test`
  const response = await fetch(`${server.origin}/xrpc/com.atproto.server.createAccount`, {
    method: 'POST',
    headers: { authorization: operatorOf(server), 'content-type': 'application/json' },
    body: JSON.stringify({ handle, did: `did:web:${handle}`, password: PASSWORD }),
  })
  const { did, accessJwt } = (await response.json()) as { did: string; accessJwt: string }
  const attacker: Attacker = {
    origin: server.origin,
    address,
    did,
    accessJwt,
    saw(status, what) {
      const name = status >= 500 ? `${status} ${what}` : String(status)
      statuses.set(name, (statuses.get(name) ?? 0) + 1)
    },
    hold(close) {
      held.push(close)
      if (held.length > 400) held.shift()?.()
    },
  }
  return attacker
}

test(`${MINUTES} minutes of hostile traffic do not keep an honest client waiting`, {
  timeout: (MINUTES + 2) * 60_000,
}, async () => {
  const statuses = new Map<string, number>()
  const held: (() => void)[] = []
  const start = Date.now()
  const end = start + MINUTES * 60_000
  const isOver = () => Date.now() >= end
  const attackers = await Promise.all(
    Array.from({ length: ATTACKERS }, (_, n) => makeAttacker(n, statuses, held)),
  )
  const attack = async (attacker: Attacker) => {
    while (!isOver()) {
      // A connection that the host ends is no failure of the host's.
      await harm(attacker).catch(() => undefined)
    }
  }
  const attacks = attackers.flatMap((attacker) =>
    Array.from({ length: AT_ONCE }, () => attack(attacker)),
  )

  const agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: HANDLE, password: PASSWORD })
  const times: number[] = []
  let memory = 0
  /** Bytes, ten times on the way. */
  const series: number[] = []
  const measure = async <T>(work: Promise<T>) => {
    const started = performance.now()
    await work
    times.push(performance.now() - started)
  }
  while (!isOver()) {
    const repo = agent.assertDid
    const collection = 'app.bsky.feed.post'
    const record = { text: 'honest', createdAt: new Date().toISOString() }
    await measure(agent.com.atproto.repo.createRecord({ repo, collection, record }))
    await measure(agent.com.atproto.repo.listRecords({ repo, collection, limit: 50 }))
    await measure(agent.com.atproto.server.describeServer())
    const resident = residentMemory()
    memory = Math.max(memory, resident)
    if (Date.now() - start > (series.length * MINUTES * 60_000) / 10) series.push(resident)
    // As often as the limits on writes allow in half an hour.
    await new Promise((resolve) => setTimeout(resolve, 1_200))
  }
  await Promise.all(attacks)
  for (const close of held) close()

  times.sort((a, b) => a - b)
  const p99 = times[Math.floor(times.length * 0.99)] ?? 0
  const sizes = [...sizesOfObjects()].sort(([, one], [, other]) => other - one)
  const [largest = 0] = sizes.map(([, size]) => size)
  console.log(
    `${MINUTES} min: ${times.length} honest requests, p50 ${times[times.length >> 1]?.toFixed(0)} ms, ` +
      `p99 ${p99.toFixed(0)} ms; memory ${(memory / MB).toFixed(0)} MB (${series.map((bytes) => (bytes / MB).toFixed(0)).join(', ')}); ` +
      `largest objects ${sizes
        .slice(0, 3)
        .map(([name, size]) => `${name.slice(0, 10)} ${(size / MB).toFixed(1)} MB`)
        .join(', ')}; answers ${JSON.stringify(Object.fromEntries(statuses))}`,
  )
  // 501 says that there is no such method.
  const failures = [...statuses.keys()].filter((status) => /^5(?!01)/.test(status))
  expect(failures).toEqual([])
  expect(p99).toBeLessThan(LONGEST_WAIT)
  expect(memory).toBeLessThan(512 * MB)
  expect(largest).toBeLessThan(20 * MB)
})
