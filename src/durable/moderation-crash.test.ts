/** Takedowns, broken off at each of their steps: state, bytes and log fit together in the end. */
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, expect, test } from 'vitest'
import { accountStub, directoryStub, hostObjects } from '../services/objects/stubs.ts'
import {
  collection,
  getBlob,
  putFiles,
  storedSizes,
  type Uploaded,
  upload,
} from '../testing/blobs.ts'
import { crashAfterStatement, crashAtAlarm, crashNow } from '../testing/crash.ts'
import { makeAccount, type TestAccount } from '../testing/host.ts'

/** More than a takedown has. */
const STATEMENTS = 14

const note = { by: 'admin', reason: 'a test', caseId: 'case 1' }

let account: TestAccount
let blob: Uploaded
const stub = () => accountStub(env, account.did)
const directory = () => directoryStub(env)
const moderation = () => hostObjects(env).account(account.did).moderation

beforeEach(async () => {
  account = await makeAccount()
  blob = await upload(account, 'a picture')
  await putFiles(account, 'r', [blob])
})

const path = `${collection}/r`
const setRecord = (ref: string | null) => moderation().setRecordTakedown(path, ref, note)
const setBlob = (ref: string | null) => moderation().setBlobTakedown(blob.ref.$link, ref, note)

/** The references that the log gives a subject one after the other. */
async function logged(kind: 'record' | 'blob'): Promise<(string | null)[]> {
  const { did } = account
  const subject = kind === 'record' ? { kind, did, path } : { kind, did, cid: blob.ref.$link }
  const { entries } = await hostObjects(env).directory.moderation.list(100, undefined, { subject })
  expect(entries.map(({ action }) => action)).toEqual(
    entries.map(({ ref }) => (ref === null ? 'restore' : 'takedown')),
  )
  return entries.map(({ ref }) => ref).reverse()
}

/** Restarts both objects, lets alarms ring, and holds the log and what is served against what is stored. */
async function expectConsistent(): Promise<void> {
  await crashNow(stub)
  // As if the pause after failures was over.
  await runInDurableObject(stub(), (_, { storage }) => {
    storage.sql.exec('UPDATE job SET due_at = 0')
  })
  await crashNow(stub)
  await crashNow(directory)
  await runDurableObjectAlarm(stub())
  const record = await moderation().record(path)
  const state = await moderation().blob(blob.ref.$link)
  for (const [kind, takedown] of [
    ['record', record?.takedown],
    ['blob', state?.takedown],
  ] as const) {
    const refs = await logged(kind)
    expect(refs.at(-1) ?? null).toBe(takedown)
    // Nothing is logged twice: what did not change is not logged.
    expect(refs.filter((ref, n) => ref === refs[n - 1])).toEqual([])
  }
  const response = await getBlob(account, blob.ref.$link)
  expect(response.ok).toBe(state?.takedown === null)
  await response.arrayBuffer()
  expect(await storedSizes(account.did)).toEqual([9])
  const waiting = await runInDurableObject(stub(), (_, { storage }) =>
    storage.sql.exec('SELECT * FROM moderation_outbox').toArray(),
  )
  expect(waiting).toEqual([])
}

test.each([
  ['account', stub],
  ['directory', directory],
] as const)(
  'whichever statement the %s crashes after, log and state agree',
  async (_, crashing) => {
    let failed = 0
    for (let statement = 1; statement <= STATEMENTS; statement++) {
      for (const set of [setRecord, setBlob]) {
        for (const ref of [`case ${statement}`, null]) {
          await crashAfterStatement(crashing, statement)
          await set(ref).catch(() => failed++)
          // Whoever gets no answer tries again.
          await set(ref).catch(() => failed++)
        }
      }
      await expectConsistent()
    }
    if (crashing === stub) expect(failed).toBeGreaterThan(10)
  },
)

test('an account that crashes when it sets its alarm has either the takedown and the alarm or neither', async () => {
  for (const ref of ['case 1', null, 'case 2']) {
    await crashNow(stub)
    await crashAtAlarm(stub)
    await setBlob(ref).catch(() => undefined)
    await expectConsistent()
  }
})

test('a takedown that the directory cannot log at once is logged later', async () => {
  await crashAfterStatement(directory, 1)
  await setBlob('case 1')
  await expectConsistent()
  expect(await logged('blob')).toEqual(['case 1'])
})

test('the end of a quarantine, broken off anywhere, leaves no bytes and no key', async () => {
  for (let statement = 1; statement <= STATEMENTS; statement++) {
    const next = await upload(account, `picture ${statement}`)
    await moderation().setBlobTakedown(next.ref.$link, 'case 1', note)
    await runInDurableObject(stub(), (_, { storage }) => {
      storage.sql.exec('UPDATE blob_takedown SET delete_at = 1')
    })
    await crashNow(stub)
    await crashAfterStatement(stub, statement)
    await runDurableObjectAlarm(stub()).catch(() => undefined)
    await crashNow(stub)
    await runDurableObjectAlarm(stub())
    const state = await moderation().blob(next.ref.$link)
    expect(state).toEqual({ takedown: 'case 1', bytes: null, deleteAt: null })
    expect(await storedSizes(account.did)).toEqual([9])
  }
})
