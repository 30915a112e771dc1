/**
 * `npm run bench:collections`: what an index over all accounts and a hook cost, on the production bundle on plain workerd,
 * against the targets of docs/performance.md. Exits with 1 when one is missed.
 */
import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type MadeAccount, makeAccounts, operatorOf } from '../test/support/accounts.ts'
import { makeCookProject, RATING, RECIPE } from '../test/support/cook.ts'
import { startServer, type TestServer } from '../test/support/server.ts'
import { readCounts } from './counts.ts'
import { progress } from './progress.ts'

const options = readCounts(
  'npm run bench:collections -- [OPTIONS]',
  `An index over all accounts and a hook: pages, lag, filling, and what a write costs with and without them, against the
targets of docs/performance.md. Takes several minutes, and exits with 1 when a target is missed.`,
  {
    accounts: { about: 'accounts that are made', unless: '1000' },
    records: { about: 'records of each', unless: '100' },
  },
)
const [ACCOUNTS] = options.accounts
const [RECORDS] = options.records
/** Records of one `applyWrites`. */
const BATCH = 50
const PAGE = 50
const CID = 'bafyreidykglsfhoixmivffc5uwhcgshx4j465xwqntbmu43nb2dzqwfvae'
/** Rounds in which hosts with and without a collection file write in alternation, and writes in each. */
const ROUNDS = 12
const WRITES = 100

const env = {
  PDS_RATE_LIMITS_ENABLED: 'false',
  LOG_LEVEL: 'error',
  PDS_DEV_MODE: 'false',
  PDS_INVITE_REQUIRED: 'true',
}
const hook = `  afterWrite({ rev }) {
    Object.assign(globalThis, { lastRev: rev })
  },
`

const servers: TestServer[] = []
const folders: string[] = []
let missed = false

const start = async (project: string, options: object = {}, more: object = {}) => {
  const server = await startServer({ project, env: { ...env, ...options }, ...more })
  servers.push(server)
  return server
}

async function stop(server: TestServer): Promise<void> {
  servers.splice(servers.indexOf(server), 1)
  await server.stop()
}

async function call<T>(
  { origin }: TestServer,
  method: string,
  { accessJwt }: Partial<MadeAccount> = {},
  input?: object,
): Promise<{ answer: T; headers: Headers; ms: number }> {
  const started = performance.now()
  const response = await fetch(`${origin}/xrpc/${method}`, {
    method: input ? 'POST' : 'GET',
    headers: {
      ...(accessJwt && { authorization: `Bearer ${accessJwt}` }),
      ...(input && { 'content-type': 'application/json' }),
    },
    ...(input && { body: JSON.stringify(input) }),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(`${method}: ${JSON.stringify(answer)}`)
  return { answer: answer as T, headers: response.headers, ms: performance.now() - started }
}

const at = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? Number.NaN

function report(what: string, value: number, unit: string, target: number, atLeast = false): void {
  const isMet = atLeast ? value >= target : value <= target
  if (!isMet) missed = true
  const wanted = `${atLeast ? '>=' : '<='} ${target} ${unit}`
  const shown = value >= 100 ? value.toFixed(0) : value.toFixed(2)
  console.log(`${what}: ${shown} ${unit} (${wanted}${isMet ? '' : ', MISSED'})`)
}

const recipe = (n: number) => ({
  title: `Soup ${n}`,
  text: 'Cook it slowly, with salt and pepper. '.repeat(5),
  createdAt: new Date(1_760_000_000_000 + n * 977).toISOString(),
})

const write = (server: TestServer, account: MadeAccount, collection: string, record: object) =>
  call<{ uri: string; commit: { rev: string } }>(server, 'com.atproto.repo.createRecord', account, {
    ...{ repo: account.did, collection, record },
  })

async function fill(server: TestServer, accounts: readonly MadeAccount[]): Promise<void> {
  for (const [n, account] of accounts.entries()) {
    for (let from = 0; from < RECORDS; from += BATCH) {
      const writes = Array.from({ length: BATCH }, (_, k) => ({
        $type: 'com.atproto.repo.applyWrites#create',
        collection: RECIPE,
        value: recipe((from + k) * accounts.length + n),
      }))
      const input = { repo: account.did, writes }
      await call(server, 'com.atproto.repo.applyWrites', account, input)
    }
    if (n % 100 === 0) progress(`${n} accounts are filled`)
  }
}

interface Status {
  index?: {
    collections: {
      collection: string
      filling?: object
      filled?: { records: number; ms: number }
    }[]
  }
}

/** Waits until the index of a host is filled. @returns the seconds that it took */
async function rebuild(server: TestServer): Promise<number> {
  for (;;) {
    const response = await fetch(`${server.origin}/operator/status`, {
      method: 'POST',
      headers: { authorization: operatorOf(server), 'content-type': 'application/json' },
      body: '{}',
    })
    const { index } = (await response.json()) as Status
    const recipes = index?.collections.find(({ collection }) => collection === RECIPE)
    if (recipes?.filled?.records === ACCOUNTS * RECORDS) return recipes.filled.ms / 1000
    await sleep(100)
  }
}

async function pages(server: TestServer): Promise<{ times: number[]; rows: number[] }> {
  const times: number[] = []
  const rows: number[] = []
  for (let n = 0, cursor = ''; n < 300; n++) {
    const query = `com.example.cook.pageRecipes?limit=${PAGE}${cursor && `&cursor=${cursor}`}`
    const { answer, headers, ms } = await call<{ cursor?: string; recipes: object[] }>(
      server,
      query,
    )
    cursor = answer.cursor ?? ''
    // The last ones are not full.
    if (answer.recipes.length < PAGE) continue
    times.push(ms)
    rows.push(Number(headers.get('x-cumulus-rows-read') ?? Number.NaN))
  }
  return { times, rows }
}

/** From the acknowledgement of a write until the index shows it. */
async function lags(server: TestServer, account: MadeAccount): Promise<number[]> {
  const times: number[] = []
  for (let n = 0; n < 100; n++) {
    const record = { ...recipe(0), createdAt: new Date(Date.now() + 1e12).toISOString() }
    const { answer } = await write(server, account, RECIPE, record)
    const started = performance.now()
    for (;;) {
      const first = await call<{ recipes: { uri: string }[] }>(
        server,
        'com.example.cook.pageRecipes?limit=1',
      )
      if (first.answer.recipes[0]?.uri === answer.uri) break
    }
    times.push(performance.now() - started)
    await sleep(20)
  }
  return times
}

/** Writes of a client that waits for each answer, on hosts in alternation. */
async function compareWrites(hosts: readonly TestServer[]): Promise<number[][]> {
  const accounts = await Promise.all(hosts.map((host) => makeAccounts(host, 4)))
  const times = hosts.map(() => [] as number[])
  for (let round = -1; round < ROUNDS; round++) {
    for (const [at, host] of hosts.entries()) {
      for (let n = 0; n < WRITES; n++) {
        const account = accounts[at]?.[n % 4] as MadeAccount
        const subject = { uri: `at://did:web:a.test/${RECIPE}/${n % 10}`, cid: CID }
        const record = { subject, stars: n % 6, createdAt: new Date().toISOString() }
        const { ms } = await write(host, account, RATING, record)
        // The first round warms up.
        if (round >= 0) times[at]?.push(ms)
      }
    }
    progress(`writes: round ${round + 1} of ${ROUNDS}`)
  }
  return times
}

try {
  progress('making the projects ...')
  const plain = makeCookProject(undefined, { collections: false })
  const indexed = makeCookProject(hook)
  const unhooked = makeCookProject()
  folders.push(plain, indexed, unhooked)
  let server = await start(plain)
  folders.push(server.dataDirectory)
  const accounts = await makeAccounts(server, ACCOUNTS)
  await fill(server, accounts)
  const where = { dataDirectory: server.dataDirectory, port: Number(new URL(server.origin).port) }
  await stop(server)

  server = await start(indexed, {}, where)
  const seconds = await rebuild(server)
  report(
    'records read into a new index per second',
    (ACCOUNTS * RECORDS) / seconds,
    '/s',
    5000,
    true,
  )
  const { times } = await pages(server)
  report(`a page of ${PAGE} over ${ACCOUNTS} accounts, p50`, at(times, 0.5), 'ms', 10)
  report('the same, p99', at(times, 0.99), 'ms', 50)
  const lag = await lags(server, accounts[0] as MadeAccount)
  report('from a write until the index shows it, p50', at(lag, 0.5), 'ms', 50)
  await stop(server)

  server = await start(indexed, { PDS_DEV_MODE: 'true' }, where)
  const { rows } = await pages(server)
  report('rows read for a page, p50', at(rows.slice(10), 0.5), 'rows', 120)
  await stop(server)

  const hosts = [await start(plain), await start(indexed), await start(unhooked)]
  folders.push(...hosts.map(({ dataDirectory }) => dataDirectory))
  const [without = [], withIt = [], alone = []] = await compareWrites(hosts)
  const [before, after] = [at(without, 0.5), at(withIt, 0.5)]
  console.log(
    `a write, p50: ${before.toFixed(2)} ms without, ${after.toFixed(2)} ms with index and hook`,
  )
  console.log(`with the index alone ${at(alone, 0.5).toFixed(2)} ms`)
  report('more for the client', (after / before - 1) * 100, '%', 5)
} finally {
  await Promise.all(servers.map((server) => server.stop()))
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
}
if (missed) process.exitCode = 1
