/** A deleted account leaves nothing, in no object and not in the bucket, but what docs/accounts.md says that stays. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, expect, test, vi } from 'vitest'
import { unlessRefused } from '../services/objects/result.ts'
import {
  accountStub,
  directoryStub,
  hostObjects,
  oauthStub,
  sequencerStub,
} from '../services/objects/stubs.ts'
import { bucket, upload } from '../testing/blobs.ts'
import { crashAfterStatement, crashNow } from '../testing/crash.ts'
import { callAs, makeAccount, send, type TestAccount } from '../testing/host.ts'
import { mailsTo } from '../testing/mail.ts'
import { callAsOperator } from '../testing/operator.ts'

const DAY = 24 * 60 * 60 * 1000
const objects = hostObjects(env)
const stubs = (did: string) => ({
  account: accountStub(env, did),
  directory: directoryStub(env),
  oauth: oauthStub(env),
  sequencer: sequencerStub(env),
})

let account: TestAccount
let word: string

beforeEach(async () => {
  vi.useRealTimers()
  await furnish()
})

/** An account about which there is something in each object. */
async function furnish(): Promise<void> {
  account = await makeAccount()
  word = crypto.randomUUID()
  const { did } = account
  const reference = await upload(account, `a file about ${word}`)
  await callAs(account, 'com.atproto.repo.createRecord', {
    repo: did,
    collection: 'com.example.file',
    record: { file: reference, about: word },
  })
  await upload(account, `nothing refers to ${word}`)
  await callAs(account, 'app.bsky.actor.putPreferences', {
    preferences: [{ $type: 'app.bsky.actor.defs#interestsPref', tags: [word] }],
  })
  const email = `${word}@example.com`
  await objects.directory.accounts.setEmail(did, email)
  await objects.account(did).email.set(email)
  const requested = await send('/xrpc/com.atproto.server.requestEmailConfirmation', {
    method: 'POST',
    headers: { authorization: `Bearer ${account.accessJwt}` },
  })
  expect(requested.status).toBe(200)
  await callAs(account, 'com.atproto.server.createAppPassword', { name: word })
  // What is under way to somebody still arrives after the deletion.
  await vi.waitFor(async () => expect(await mailsTo(email)).toHaveLength(2))
  await objects.directory.invites.add([
    { code: `code-${word}`, available: 2, forAccount: did, createdBy: did },
  ])
  await objects.directory.keys.add(
    { signingKey: `did:key:${word}`, sealed: new Uint8Array([1]) },
    did,
  )
  const report = {
    reasonType: 'com.atproto.moderation.defs#reasonSpam',
    reason: word,
    record: null,
  }
  await objects.directory.reports.add({ ...report, reportedBy: did, did: 'did:web:other.test' })
  await objects.directory.reports.add({ ...report, reportedBy: 'did:web:other.test', did })
  await signInWithProvider(did)
  // What an upload leaves that broke off at the worst moment.
  await bucket.put(`${folderOf(did)}/left-behind`, word)
}

async function signInWithProvider(did: string): Promise<void> {
  const { devices, clients, accounts } = objects.oauth
  const epoch = await accounts.epoch(did)
  const device = { session: 'x', userAgent: word, ipAddress: '192.0.2.1', lastSeenAt: Date.now() }
  await devices.create(`dev-${word}`, device, 'network')
  await devices.signIn(`dev-${word}`, did, epoch)
  await clients.authorize(did, `https://${word}.example.com/`, ['atproto'], epoch)
}

const folderOf = (did: string) => encodeURIComponent(did).replaceAll('%', '_')

/** Rows of all tables of all objects that say something of the account: `object.table: row`. */
async function traces(): Promise<string[]> {
  const { did, handle } = account
  const found: string[] = []
  for (const [name, stub] of Object.entries(stubs(did))) {
    const rows = await runInDurableObject(stub as DurableObjectStub, (_, { storage }) =>
      rowsOf(storage),
    )
    found.push(
      ...rows
        .filter((row) => [did, handle, word].some((text) => row.includes(text)))
        .map((row) => `${name}.${row}`),
    )
  }
  // What operators have done is kept for as long as the settings say.
  return found.filter((row) => !row.startsWith('directory.audit:'))
}

function rowsOf({ sql, kv }: DurableObjectStorage): string[] {
  const tables = sql
    .exec<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .toArray()
    .filter(({ name }) => !name.startsWith('_cf_'))
  const rows = tables.flatMap(({ name }) =>
    sql
      .exec(`SELECT * FROM "${name}"`)
      .toArray()
      .map((row) => `${name}: ${Object.values(row).map(textOf).join(' ')}`),
  )
  return [...rows, ...[...kv.list()].map(([key, value]) => `kv: ${key} ${JSON.stringify(value)}`)]
}

const textOf = (value: unknown): string =>
  value instanceof ArrayBuffer ? new TextDecoder('latin1').decode(value) : String(value)

async function runJobs(): Promise<void> {
  for (let n = 0; n < 4; n++) {
    for (const stub of Object.values(stubs(account.did))) {
      await runDurableObjectAlarm(stub as DurableObjectStub)
    }
  }
}

/** What of the account may stay: that it is gone, for as long as the log is kept. */
const FAREWELL = ['sequencer.event', 'sequencer.farewell', 'sequencer.source']

const tablesOf = (found: string[]) => [...new Set(found.map((row) => row.split(':')[0]))].sort()

async function expectGone(): Promise<void> {
  const found = await traces()
  expect(tablesOf(found)).toEqual([...FAREWELL, 'oauth.account_epoch'].sort())
  expect(found.filter((row) => row.startsWith('sequencer.event'))).toEqual([
    expect.stringContaining('#account'),
  ])
  expect(found.join()).not.toContain(word)
  expect((await bucket.list({ prefix: folderOf(account.did) })).objects).toEqual([])
}

async function remove(): Promise<void> {
  const response = await callAsOperator('deleteAccount', { did: account.did })
  expect(response.status).toBe(200)
}

test('all that there was is gone once the jobs have run', async () => {
  expect(tablesOf(await traces())).toEqual(
    expect.arrayContaining([
      'account.account',
      'account.record',
      'account.preference',
      'directory.account',
      'directory.email_token',
      'directory.invite_code',
      'directory.report',
      'oauth.authorized_client',
      'oauth.device_account',
      'sequencer.event',
    ]),
  )
  await remove()
  await runJobs()
  await expectGone()
})

test('a deletion that is cut off after its first step is made complete by the jobs', async () => {
  await objects.account(account.did).lifecycle.destroy()
  await evictDurableObject(accountStub(env, account.did))
  await runJobs()
  await expectGone()
})

test('an account that crashes after whichever statement of its deletion is there or gone, and never half', async () => {
  let survived = 0
  // A deletion has some forty statements, and what follows it some more.
  for (let statement = 1; statement < 90; statement += 6) {
    await furnish()
    const stub = () => accountStub(env, account.did)
    await crashAfterStatement(stub, statement)
    await objects
      .account(account.did)
      .lifecycle.destroy()
      .catch(() => undefined)
    await crashNow(stub)
    await runJobs()
    if (await unlessRefused(objects.account(account.did).profile.get())) {
      survived++
      const { data } = await readStatus()
      expect(data).toMatchObject({ activated: true, indexedRecords: 1, importedBlobs: 1 })
    } else await expectGone()
  }
  // Both happened.
  expect(survived).toBeGreaterThan(0)
  expect(survived).toBeLessThan(15)
})

async function readStatus(): Promise<{ data: unknown }> {
  const response = await callAs(account, 'com.atproto.server.checkAccountStatus')
  return { data: await response.json() }
}

test('in the end nothing says that there was an account', async () => {
  await remove()
  await runJobs()
  // Somebody else's event, as the newest one stays.
  await makeAccount()
  const later = Date.now() + 80 * DAY
  vi.useFakeTimers({ toFake: ['Date'], now: later })
  for (const stub of [sequencerStub(env), oauthStub(env)]) {
    await runInDurableObject(stub as DurableObjectStub, (_, { storage }) => storage.setAlarm(1))
    await runDurableObjectAlarm(stub as DurableObjectStub)
  }
  expect(await traces()).toEqual([])
})
