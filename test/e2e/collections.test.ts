/**
 * Indexes and hooks of a project, on the real host: killed again and again between a write, the log, the index and the
 * hook, it has in the end what a full scan finds, and has told the hook of every write, in order.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { type MadeAccount, makeAccounts, operatorOf } from '../support/accounts.ts'
import { findFaults } from '../support/axe.ts'
import { complaintsOf, keepLooks, lacksChromium, startChromium } from '../support/chromium.ts'
import { runCommand, runCumulus } from '../support/command.ts'
import { makeCookProject, RATING, RECIPE } from '../support/cook.ts'
import { FirehoseReader } from '../support/firehose.ts'
import { STEPS, type Step, stepsOf, untilAnAccountHasWritten } from '../support/hook-steps.ts'
import { makeOperator } from '../support/operator.ts'
import { startServer, type TestServer, workerdPidOf } from '../support/server.ts'

const KILLS = process.env.CUMULUS_LONG ? 300 : 5
const DIVISIONS = process.env.CUMULUS_LONG ? 60 : 2

/** What the host is killed at, one after the other. */
const MOMENTS = [
  'an account has written',
  'an event is sent',
  'the hook is called',
  'the hook ends',
  'any',
]
type Moment = (typeof MOMENTS)[number]
const CID = 'bafyreidykglsfhoixmivffc5uwhcgshx4j465xwqntbmu43nb2dzqwfvae'

interface Told {
  did: string
  uri: string
  action: string
  rev: string
  attempt: number
}

let recorder: Server
const told: Told[] = []
let reached: (moment: Moment) => void = () => undefined
let project: string
let server: TestServer
let accounts: MadeAccount[]
/** Whose sessions end with a takedown. */
let guest: MadeAccount

/** What the hook of ratings does: of one star it fails, of two it never ends, of the others it tells. */
const hooks = (port: number) => `  attempts: 2,
  timeout: 1_500,
  async afterWrite({ record, uri, did, action, rev, attempt }) {
    if (record?.stars === 1) throw new Error('one\\nstar')
    if (record?.stars === 2) await new Promise(() => {})
    const body = JSON.stringify({ uri, did, action, rev, attempt })
    await fetch('http://127.0.0.1:${port}/', { method: 'POST', body })
  },
`

/** @param shards objects that are to share the index */
const start = (from?: TestServer, shards = 1) =>
  startServer({
    project,
    env: {
      PDS_DISABLE_SSRF_PROTECTION: 'true',
      PDS_RATE_LIMITS_ENABLED: 'false',
      PDS_INDEX_SHARDS: String(shards),
    },
    ...(from && {
      dataDirectory: from.dataDirectory,
      port: Number(new URL(from.origin).port),
    }),
  })

beforeAll(async () => {
  recorder = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      told.push(JSON.parse(body))
      reached('the hook is called')
      response.end(() => reached('the hook ends'))
    })
  })
  await new Promise<void>((resolve) => recorder.listen(0, '127.0.0.1', resolve))
  project = makeCookProject(hooks((recorder.address() as AddressInfo).port))
  server = await start()
  const [fourth, ...others] = await makeAccounts(server, 4)
  accounts = others
  guest = fourth as MadeAccount
}, 180_000)

afterAll(async () => {
  await server?.stop()
  recorder?.close()
})

const call = (account: MadeAccount, method: string, body: object) =>
  fetch(`${server.origin}/xrpc/com.atproto.repo.${method}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${account.accessJwt}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ repo: account.did, ...body }),
  })

interface Written {
  uri: string
  rev: string
}

async function create(account: MadeAccount, collection: string, record: object): Promise<Written> {
  const response = await call(account, 'createRecord', { collection, record })
  const answer = (await response.json()) as { uri: string; commit: { rev: string } }
  if (!response.ok) throw new Error(JSON.stringify(answer))
  return { uri: answer.uri, rev: answer.commit.rev }
}

const now = () => new Date().toISOString()
const cook = (account: MadeAccount, title: string) =>
  create(account, RECIPE, { title, text: `how to make ${title}`, createdAt: now() })
const rate = (account: MadeAccount, uri: string, stars: number) =>
  create(account, RATING, { subject: { uri, cid: CID }, stars, createdAt: now() })

interface RecipeView {
  uri: string
  title: string
  ratings: number
  newest: number[]
}

async function listRecipes(query = ''): Promise<{ recipes: RecipeView[]; cursor?: string }> {
  const response = await fetch(`${server.origin}/xrpc/com.example.cook.listRecipes?${query}`)
  const answer = await response.json()
  if (!response.ok) throw new Error(JSON.stringify(answer))
  return answer as { recipes: RecipeView[]; cursor?: string }
}

const [a, b] = [() => accounts[0] as MadeAccount, () => accounts[1] as MadeAccount]

test('recipes of all accounts are listed with their ratings, and found by their words', async () => {
  const soup = await cook(a(), 'Leek soup')
  const cake = await cook(b(), 'Carrot cake')
  await rate(b(), soup.uri, 4)
  await rate(a(), soup.uri, 5)
  await vi.waitFor(async () => {
    const { recipes } = await listRecipes('limit=1')
    expect(recipes).toEqual([{ uri: cake.uri, title: 'Carrot cake', ratings: 0, newest: [] }])
    const { cursor } = await listRecipes('limit=1')
    expect((await listRecipes(`limit=1&cursor=${cursor}`)).recipes).toEqual([
      { uri: soup.uri, title: 'Leek soup', ratings: 2, newest: [5, 4] },
    ])
    expect((await listRecipes('search=carr make')).recipes).toMatchObject([{ uri: cake.uri }])
  })
})

test('what beforeWrite refuses is not written, nor what comes with it', async () => {
  const record = {
    subject: { uri: 'at://did:web:a.test/a.b.c/d', cid: CID },
    stars: 6,
    createdAt: now(),
  }
  const refused = await call(a(), 'createRecord', { collection: RATING, record })
  expect(refused.status).toBe(400)
  expect(await refused.json()).toEqual({ error: 'TooManyStars', message: 'five are enough' })
  const write = (stars: number) => ({
    $type: 'com.atproto.repo.applyWrites#create',
    collection: RATING,
    value: { ...record, stars },
  })
  const before = await ratingsOf(a())
  const batch = await call(a(), 'applyWrites', { writes: [write(5), write(6)] })
  expect(await batch.json()).toMatchObject({ error: 'TooManyStars' })
  expect(await ratingsOf(a())).toEqual(before)
})

test('who is taken down is seen no more when that is acknowledged', async () => {
  const { uri } = await cook(guest, 'Bitter almonds')
  await vi.waitFor(async () => expect((await listRecipes()).recipes[0]?.uri).toBe(uri))
  const set = (applied: boolean) =>
    fetch(`${server.origin}/xrpc/com.atproto.admin.updateSubjectStatus`, {
      method: 'POST',
      headers: { authorization: operatorOf(server), 'content-type': 'application/json' },
      body: JSON.stringify({
        subject: { $type: 'com.atproto.admin.defs#repoRef', did: guest.did },
        takedown: { applied, ref: 'x' },
      }),
    })
  expect((await set(true)).status).toBe(200)
  expect((await listRecipes()).recipes.map((recipe) => recipe.uri)).not.toContain(uri)
  expect((await set(false)).status).toBe(200)
  expect((await listRecipes()).recipes.map((recipe) => recipe.uri)).toContain(uri)
})

test('a hook that throws or never ends is given up, and keeps nobody else', async () => {
  const subject = 'at://did:web:a.test/com.example.cook.recipe/bad'
  const first = await rate(a(), subject, 1)
  const hanging = await rate(b(), subject, 2)
  const after = await rate(a(), subject, 3)
  const other = await rate(accounts[2] as MadeAccount, subject, 4)
  await vi.waitFor(() => expect(told.map(({ uri }) => uri)).toContain(other.uri))
  await vi.waitFor(() => expect(told.map(({ uri }) => uri)).toContain(after.uri))
  expect(told.map(({ uri }) => uri)).not.toContain(first.uri)
  const operator = { headers: { authorization: operatorOf(server) } }
  await vi.waitFor(async () => {
    const metrics = await (await fetch(`${server.origin}/metrics`, operator)).text()
    expect(metrics).toMatch(
      /cumulus_hooks_total\{collection="com.example.cook.rating",outcome="failed"\} 4/,
    )
  })
  const hooks = (...args: string[]) =>
    runCumulus(['hooks', ...args], {
      PDS_DATA_DIRECTORY: server.dataDirectory,
      PDS_PORT: new URL(server.origin).port,
    })
  const listed = await hooks('list')
  expect(listed.output).toContain(`create  ${first.uri}  (2 attempts)  Error: one star`)
  expect(listed.output).toContain(`create  ${hanging.uri}  (2 attempts)  `)
  expect(listed.output).toContain(`${RATING}: 0 wait, 2 given up`)
  const [number = ''] = listed.output.split(' ')
  expect(await hooks('retry', number)).toEqual({ code: 0, output: '1 told again\n' })
  // That one may have been given up again by now.
  expect(await hooks('drop', '--yes')).toEqual({
    code: 0,
    output: expect.stringMatching(/^[12] forgotten\n$/),
  })
})

const OVERFLOW = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'

/** Signs a new operator in to a page of the console, in a browser that ends with the test. */
async function openConsole(path: string) {
  const operator = await makeOperator(server)
  const browser = await startChromium()
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  const complaints = complaintsOf(page)
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
  await page.goto(`${server.origin}/admin/${path}`)
  await page.getByLabel('Handle or email address').fill(operator.handle)
  await page.getByLabel('Password').fill(operator.password)
  await press('Sign in with the password')
  await page.getByLabel('Code').fill(operator.recovery.pop() ?? '')
  await press('Sign in')
  return { page, operator, complaints }
}

test.skipIf(lacksChromium())(
  'operators see in the console what was given up',
  {
    timeout: 120_000,
  },
  async () => {
    await rate(a(), 'at://did:web:a.test/com.example.cook.recipe/console', 1)
    const { page, complaints } = await openConsole('collections')
    await page.getByRole('heading', { name: 'Given up' }).waitFor()
    await vi.waitFor(
      async () => {
        await page.reload()
        expect(await page.getByText('Error: one').count()).toBeGreaterThan(0)
      },
      { interval: 500 },
    )
    await keepLooks(page, 'console-collections-given-up')
    await page.setViewportSize({ width: 320, height: 640 })
    expect(await page.evaluate(OVERFLOW)).toBe(0)
    expect(await findFaults(page)).toEqual([])
    const forget = page.getByRole('button', { name: /^Forget: / })
    await forget.first().click()
    await page.getByRole('status').getByText('It is forgotten.').waitFor()
    expect(complaints).toEqual([])
  },
)

/** Ratings as the account has them. @param subject of which recipe only */
async function ratingsOf({ did }: MadeAccount, subject?: string): Promise<string[]> {
  const uris: string[] = []
  for (let cursor = ''; ; ) {
    const query = `repo=${did}&collection=${RATING}&limit=100&cursor=${cursor}`
    const response = await fetch(`${server.origin}/xrpc/com.atproto.repo.listRecords?${query}`)
    const page = (await response.json()) as {
      records: { uri: string; value: { subject: { uri: string } } }[]
      cursor?: string
    }
    const wanted = page.records.filter(
      ({ value }) => subject === undefined || value.subject.uri === subject,
    )
    uris.push(...wanted.map(({ uri }) => uri))
    if (!page.cursor) return uris
    cursor = page.cursor
  }
}

/** Writes and deletes ratings of one subject until `done`, and notes what was acknowledged. */
async function write(
  account: MadeAccount,
  subject: string,
  acknowledged: Set<string>,
  done: () => boolean,
): Promise<void> {
  const mine: string[] = []
  while (!done()) {
    try {
      const oldest = mine.length > 5 ? mine.shift() : undefined
      if (oldest === undefined) {
        const { uri, rev } = await rate(account, subject, 5)
        mine.push(uri)
        acknowledged.add(`${rev} create ${uri}`)
      } else {
        const rkey = oldest.split('/').at(-1)
        const response = await call(account, 'deleteRecord', { collection: RATING, rkey })
        const { commit } = (await response.json()) as { commit: { rev: string } }
        acknowledged.add(`${commit.rev} delete ${oldest}`)
      }
    } catch {
      // The host was killed: it was written, or not.
      await sleep(20)
    }
  }
}

test.skipIf(lacksChromium())(
  'operators see in the console how jobs are doing, and have one run',
  { timeout: 120_000 },
  async () => {
    const { page, operator, complaints } = await openConsole('jobs')
    await page.getByRole('button', { name: 'Run now: count-runs' }).click()
    await page.getByRole('status').getByText('It runs now.').waitFor()
    await page.getByRole('button', { name: 'Run now: fail' }).click()
    const rowOf = (job: string) => page.getByRole('row').filter({ hasText: job })
    await vi.waitFor(
      async () => {
        await page.goto(`${server.origin}/admin/jobs`)
        expect(await rowOf('fail, cron').textContent()).toMatch(
          /never.*1 run: Error: <b>no<\/b> oven/s,
        )
        expect(await rowOf('count-runs').textContent()).toMatch(/UTC, \d+ ms.*none/s)
      },
      { interval: 500 },
    )
    await keepLooks(page, 'console-jobs')
    await page.setViewportSize({ width: 320, height: 640 })
    expect(await page.evaluate(OVERFLOW)).toBe(0)
    expect(await findFaults(page)).toEqual([])
    await page.goto(`${server.origin}/admin/overview`)
    await page.getByText('1 job fails: fail.').waitFor()
    await page.goto(`${server.origin}/admin/audit`)
    const entry = page.getByRole('row').filter({ hasText: 'console.jobs.run' }).first()
    expect(await entry.textContent()).toMatch(/"ref":"fail".*done/s)
    expect(await entry.textContent()).toContain(operator.did)
    expect(complaints).toEqual([])
  },
)

test('metrics, status and doctor tell of jobs', async () => {
  const env = { PDS_DATA_DIRECTORY: server.dataDirectory, PDS_PORT: new URL(server.origin).port }
  await runCumulus(['jobs', 'run', 'fail'], env)
  const headers = { authorization: operatorOf(server) }
  await vi.waitFor(async () => {
    const metrics = await (await fetch(`${server.origin}/metrics`, { headers })).text()
    expect(metrics).toMatch(/^cumulus_jobs_total\{job="fail",outcome="failed"\} [1-9]/m)
    expect(metrics).toMatch(/^cumulus_job_failures\{job="fail"\} [1-9]/m)
  })
  expect((await runCumulus(['status'], env)).output).toMatch(/fail failed \d times?: Error: <b>/)
  const doctor = await runCumulus(['doctor'], env)
  expect(doctor.output).toMatch(/fail has failed \d times?: Error: <b>no<\/b> oven\./)
})

/** Kills the host as soon as something has come so far, and has it do nothing more from that very moment on. */
async function killAt(moment: Moment): Promise<void> {
  const pid = workerdPidOf(server)
  const firehose = await new FirehoseReader(server.origin).opened()
  if (moment !== 'any') {
    await new Promise<void>((resolve) => {
      reached = (one) => {
        if (one !== moment) return
        reached = () => undefined
        process.kill(pid, 'SIGSTOP')
        resolve()
      }
      void firehose.until(({ events }) => events.length > 0).then(() => reached('an event is sent'))
      if (moment === 'an account has written') {
        void untilAnAccountHasWritten(server.dataDirectory).then(() => reached(moment))
      }
    })
  }
  await server.stop('SIGKILL')
  firehose.close()
}

test(`${KILLS} kills: the index is a full scan, and the hook was told of everything, in order`, {
  timeout: 60_000 + (KILLS + 20) * 6_000,
}, async () => {
  const { uri: subject } = await cook(a(), 'Stew')
  const acknowledged = new Set<string>()
  let over = false
  const writers = accounts.map((account) => write(account, subject, acknowledged, () => over))
  const hit = new Map<Step, number>(STEPS.map((step) => [step, 0]))
  const isDone = (kill: number) => kill >= KILLS && [...hit.values()].every((count) => count > 0)
  for (let kill = 0; !isDone(kill) && kill < KILLS + 20; kill++) {
    await sleep(20 + Math.random() * 300)
    await killAt(MOMENTS[kill % MOMENTS.length] as Moment)
    const heard = new Set(told.map(({ rev, uri }) => `${rev} ${uri}`))
    const steps = stepsOf(server.dataDirectory, ({ did, rkey, rev }) =>
      heard.has(`${rev} at://${did}/${RATING}/${rkey}`),
    )
    for (const step of steps) hit.set(step, (hit.get(step) ?? 0) + 1)
    server = await start(server)
  }
  console.log('kills with a write', Object.fromEntries(hit))
  expect([...hit].filter(([, count]) => count === 0)).toEqual([])
  const writing = Promise.all(writers)
  const written = vi.waitFor(() => expect(acknowledged.size).toBeGreaterThan(KILLS * 2))
  await Promise.race([written, writing])
  over = true
  await writing
  await vi.waitFor(
    async () => {
      const heard = new Set(told.map(({ rev, action, uri }) => `${rev} ${action} ${uri}`))
      expect([...acknowledged].filter((one) => !heard.has(one))).toEqual([])
      const all = (await Promise.all(accounts.map((account) => ratingsOf(account, subject)))).flat()
      const stew = (await listRecipes('limit=100')).recipes.find(({ uri }) => uri === subject)
      expect(stew?.ratings).toBe(all.length)
    },
    { timeout: 40_000, interval: 300 },
  )
  for (const { did } of accounts) {
    const revs = told.filter((one) => one.did === did).map(({ rev }) => rev)
    expect(revs).toEqual(revs.toSorted())
  }
})

test('a job runs when the operator says so, and its rows are kept', async () => {
  const env = {
    PDS_DATA_DIRECTORY: server.dataDirectory,
    PDS_PORT: new URL(server.origin).port,
  }
  const list = async () => (await runCumulus(['jobs', 'list'], env)).output
  expect(await list()).toMatch(/^count-runs {2}\(cron 0 3 1 1 \*\) {2}next \d{4}-01-01T03:00/)
  await runCumulus(['jobs', 'run', 'count-runs'], env)
  await vi.waitFor(async () => expect(await list()).toMatch(/^count-runs .* last \d.* ms$/m))
  const backup = await fetch(`${server.origin}/operator/backup/account`, {
    method: 'POST',
    headers: { authorization: operatorOf(server), 'content-type': 'application/json' },
    body: JSON.stringify({ did: b().did }),
  })
  expect(await backup.text()).toContain('"app.draft","columns":["id","text"],"rows":[[1,"not yet"]')
})

test.runIf(process.env.CUMULUS_LONG)(
  'a drill proves the rows of the app as well',
  async () => {
    const key = await generateX25519Identity()
    const folder = mkdtempSync(join(tmpdir(), 'cumulus-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const identity = join(folder, 'key.txt')
    writeFileSync(identity, `${key}\n`)
    // That of the project, which has the tables.
    const run = (...args: string[]) =>
      runCommand(join(project, 'cli/cumulus.ts'), args, {
        PDS_DATA_DIRECTORY: server.dataDirectory,
        PDS_PORT: new URL(server.origin).port,
      })
    const to = join(folder, 'backup')
    const backup = await run('backup', '--to', to, '--recipient', await identityToRecipient(key))
    expect([backup.code, backup.output]).toEqual([0, expect.any(String)])
    const drill = await run('drill', '--from', to, '--identity', identity, '--json')
    expect(drill.output).toContain('"problems":[]')
    expect(drill.code).toBe(0)
  },
  120_000,
)

/** How large the objects are that share the index, and what it is being divided into. */
async function shardsOfIndex(): Promise<{ shards: { bytes: number }[]; change?: object }> {
  const answer = await fetch(`${server.origin}/operator/status`, {
    method: 'POST',
    headers: { authorization: operatorOf(server), 'content-type': 'application/json' },
    body: '{}',
  })
  const { index } = (await answer.json()) as { index: Awaited<ReturnType<typeof shardsOfIndex>> }
  return index
}

test(`${DIVISIONS} divisions of the index with kills: it is a full scan, and the hook was told of everything, in order`, {
  timeout: 60_000 + DIVISIONS * 15_000,
}, async () => {
  const { uri: subject } = await cook(a(), 'Pie')
  const acknowledged = new Set<string>()
  let over = false
  const writers = accounts.map((account) => write(account, subject, acknowledged, () => over))
  let shards = 1
  for (let division = 0; division < DIVISIONS; division++) {
    shards = [3, 2, 1][division % 3] ?? 1
    for (let kill = 0; kill < 2; kill++) {
      await server.stop('SIGKILL')
      server = await start(server, shards)
      await sleep(Math.random() * 1_000)
    }
    if (division % 2 === 0) continue
    await vi.waitFor(
      async () => {
        const { change, shards: now } = await shardsOfIndex()
        expect([now.length, change]).toEqual([shards, undefined])
      },
      { timeout: 40_000, interval: 200 },
    )
  }
  const writing = Promise.all(writers)
  const written = vi.waitFor(() => expect(acknowledged.size).toBeGreaterThan(DIVISIONS))
  await Promise.race([written, writing])
  over = true
  await writing
  await vi.waitFor(
    async () => {
      const heard = new Set(told.map(({ rev, action, uri }) => `${rev} ${action} ${uri}`))
      expect([...acknowledged].filter((one) => !heard.has(one))).toEqual([])
      const all = (await Promise.all(accounts.map((account) => ratingsOf(account, subject)))).flat()
      const pie = (await listRecipes('limit=100')).recipes.find(({ uri }) => uri === subject)
      expect(pie?.ratings).toBe(all.length)
    },
    { timeout: 40_000, interval: 300 },
  )
  for (const { did } of accounts) {
    const revs = told.filter((one) => one.did === did).map(({ rev }) => rev)
    expect(revs).toEqual(revs.toSorted())
  }
})
