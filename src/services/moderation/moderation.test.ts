/** The log, the finder and the reports, as the operator's pages use them. */
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { readConfig } from '../../kernel/config/config.ts'
import { blobStore } from '../../storage/blobs/choose.ts'
import type { ModerationSubject } from '../../storage/moderation.ts'
import { collection, putFiles, type Uploaded, upload } from '../../testing/blobs.ts'
import { basic, callAs, makeAccount, outcome, send, type TestAccount } from '../../testing/host.ts'
import { makeOperator } from '../../testing/operator.ts'
import { resultOf } from '../../testing/result.ts'
import { AccountLookup } from '../accounts/account-lookup.ts'
import type { MailService } from '../mail/mail.ts'
import { hostObjects } from '../objects/stubs.ts'
import { Moderation } from './moderation.ts'

const objects = hostObjects(env)
const tell = vi.fn<MailService['tell']>()
const moderation = new Moderation({
  objects,
  lookup: new AccountLookup(objects),
  mail: { tell },
  blobStore: () => blobStore(env),
  countReport: async () => undefined,
})
const OPERATOR = { by: 'admin' }
const SPAM = 'com.atproto.moderation.defs#reasonSpam'
const NOT_HERE = { subjects: [], problem: 'not here' }

let account: TestAccount
let blob: Uploaded
let record: ModerationSubject & { kind: 'record' }
let picture: ModerationSubject & { kind: 'blob' }
beforeEach(async () => {
  account = await makeAccount()
  const { did } = account
  blob = await upload(account, `a picture of ${did}`)
  await putFiles(account, 'r', [blob])
  record = { kind: 'record', did, path: `${collection}/r` }
  picture = { kind: 'blob', did, cid: blob.ref.$link }
})

describe('the log', () => {
  test('says who did what to what, why and when, and keeps it when it is undone', async () => {
    const { did } = account
    const subject: ModerationSubject = { kind: 'account', did }
    const service = { by: 'did:web:mod.test', reason: 'too much\nof it', caseId: 'case 9' }
    const before = Date.now()
    expect(await moderation.setTakedown(record, 'a', service)).toBe(true)
    expect(await moderation.setTakedown(record, null, OPERATOR)).toBe(true)
    expect(await moderation.setTakedown(picture, 'b', service)).toBe(true)
    expect(await moderation.setTakedown(subject, 'c', service)).toBe(true)
    expect(await moderation.setTakedown(subject, null, OPERATOR)).toBe(true)
    await objects.account(did).lifecycle.deactivate(null, OPERATOR)
    await objects.account(did).lifecycle.activate(OPERATOR)
    const { entries } = await moderation.log(100, undefined, { did })
    expect(
      entries.map(({ action, subject: { kind }, by, ref }) => [action, kind, by, ref]),
    ).toEqual([
      ['activate', 'account', 'admin', null],
      ['deactivate', 'account', 'admin', null],
      ['restore', 'account', 'admin', null],
      ['takedown', 'account', 'did:web:mod.test', 'c'],
      ['takedown', 'blob', 'did:web:mod.test', 'b'],
      ['restore', 'record', 'admin', null],
      ['takedown', 'record', 'did:web:mod.test', 'a'],
    ])
    expect(entries.at(-1)).toMatchObject({
      subject: record,
      reason: service.reason,
      caseId: service.caseId,
    })
    const at = Date.parse(entries.at(-1)?.at ?? '')
    expect(at).toBeGreaterThanOrEqual(before)
    const { state, history } = await moderation.subject(record)
    expect(state).toMatchObject({ kind: 'record', takedown: null, blobs: [blob.ref.$link] })
    expect(history.entries.map(({ action }) => action)).toEqual(['restore', 'takedown'])
  })

  test('names the account that has the role, and the password as admin', async () => {
    const operator = await makeOperator()
    const { did } = account
    const subject = { $type: 'com.atproto.admin.defs#repoBlobRef', did, cid: picture.cid }
    const path = 'com.atproto.admin.updateSubjectStatus'
    const taken = await callAs(operator, path, { subject, takedown: { applied: true, ref: 'a' } })
    expect(taken.status).toBe(200)
    const restored = await send(`/xrpc/${path}`, {
      method: 'POST',
      headers: {
        authorization: basic('admin', 'test admin password'),
        'content-type': 'application/json',
      },
      body: JSON.stringify({ subject, takedown: { applied: false } }),
    })
    expect(restored.status).toBe(200)
    const { entries } = await moderation.log(10, undefined, { did })
    expect(entries.map(({ by }) => by)).toEqual(['admin', operator.did])
  })

  test('does not name what changed nothing, nor what owners do themselves', async () => {
    const { did } = account
    expect(await moderation.setTakedown(record, null, OPERATOR)).toBe(false)
    expect(await moderation.setTakedown(picture, null, OPERATOR)).toBe(false)
    expect(await moderation.setTakedown({ kind: 'account', did }, null, OPERATOR)).toBe(false)
    const missing = { ...record, path: `${collection}/none` }
    expect(await moderation.setTakedown(missing, 'a', OPERATOR)).toBe(false)
    await objects.account(did).lifecycle.deactivate(null)
    await objects.account(did).lifecycle.activate()
    expect(await moderation.log(100, undefined, { did })).toEqual({ entries: [] })
  })

  test('is read a page at a time, the newest entry first', async () => {
    const { did } = account
    for (let n = 0; n < 7; n++) await moderation.setTakedown(record, `${n}`, OPERATOR)
    const refs: (string | null)[] = []
    for (let cursor: number | undefined, more = true; more; more = cursor !== undefined) {
      const page = await moderation.log(3, cursor, { did })
      expect(page.entries.length).toBeLessThanOrEqual(3)
      refs.push(...page.entries.map(({ ref }) => ref))
      cursor = page.cursor
    }
    expect(refs).toEqual(['6', '5', '4', '3', '2', '1', '0'])
    expect((await moderation.log(1)).entries[0]?.ref).toBe('6')
  })

  test('knows what is taken down now, by the newest reference', async () => {
    const inForce = async (kind: ModerationSubject['kind']) =>
      (await moderation.log(100, undefined, { inForce: kind })).entries
        .filter(({ subject }) => subject.did === account.did)
        .map(({ ref }) => ref)
    await moderation.setTakedown(picture, 'a', OPERATOR)
    await moderation.setTakedown(record, 'b', OPERATOR)
    await moderation.setTakedown(picture, 'c', OPERATOR)
    expect([await inForce('blob'), await inForce('record'), await inForce('account')]).toEqual([
      ['c'],
      ['b'],
      [],
    ])
    await moderation.setTakedown(record, null, OPERATOR)
    expect([await inForce('blob'), await inForce('record')]).toEqual([['c'], []])
    // What is delivered once more, out of its turn, changes nothing.
    const { entries } = await moderation.log(100, undefined, { did: account.did })
    await objects.directory.moderation.append(entries)
    expect([await inForce('blob'), await inForce('record')]).toEqual([['c'], []])
    expect(await moderation.log(100, undefined, { did: account.did })).toEqual({ entries })
  })

  test('goes with a mail to the owner whose account it is about, where that changes', async () => {
    const { did } = account
    tell.mockClear()
    for (const ref of ['a', 'b', null, null]) {
      await moderation.setTakedown({ kind: 'account', did }, ref, OPERATOR)
    }
    await moderation.setTakedown(record, 'a', OPERATOR)
    expect(tell.mock.calls).toEqual([
      [did, { kind: 'account taken down' }],
      [did, { kind: 'account restored' }],
    ])
  })

  test('takes no text without end', async () => {
    for (const [ref, note] of [
      ['x'.repeat(1001), OPERATOR],
      ['x', { ...OPERATOR, reason: 'x'.repeat(10_001) }],
      ['x', { ...OPERATOR, caseId: 'ü'.repeat(501) }],
    ] as const) {
      expect(await resultOf(moderation.setTakedown(record, ref, note))).toMatchObject({
        refused: { status: 400 },
      })
    }
  })
})

describe('a moderator finds', () => {
  test('accounts, records and blobs, with their state', async () => {
    const { did, handle } = account
    const owner = { did, handle }
    await moderation.setTakedown(picture, 'b', OPERATOR)
    for (const text of [handle, `@${handle}`, did, `https://bsky.app/profile/${handle}`]) {
      expect(await moderation.find(text)).toEqual({
        subjects: [{ kind: 'account', account: owner, takedown: null, deactivated: false }],
      })
    }
    const uri = `at://${did}/${collection}/r`
    for (const text of [uri, `at://${handle}/${collection}/r`]) {
      expect(await moderation.find(text)).toMatchObject({
        subjects: [{ kind: 'record', account: owner, uri, takedown: null }],
      })
    }
    const found = { kind: 'blob', account: owner, cid: picture.cid, takedown: 'b' }
    expect(await moderation.find(`${handle} ${picture.cid}`)).toMatchObject({ subjects: [found] })
    // Without the account, those that were moderated before.
    expect(await moderation.find(picture.cid)).toMatchObject({
      subjects: [found],
      problem: 'account needed',
    })
    expect(await moderation.find(`at://${did}/${collection}/none`)).toEqual(NOT_HERE)
    const { handle: other } = await makeAccount()
    expect(await moderation.find(`${other} ${picture.cid}`)).toEqual(NOT_HERE)
    expect(await moderation.find('nobody.example.com')).toEqual({
      subjects: [],
      problem: 'elsewhere',
    })
    expect(await moderation.find('what?')).toEqual({ subjects: [], problem: 'unreadable' })
  })

  test('the blobs of an account that were taken down, and how long their bytes stay', async () => {
    await moderation.setTakedown(picture, 'b', OPERATOR)
    const [found, ...more] = await moderation.takendownBlobs(account.did, 10)
    expect(more).toEqual([])
    expect(found).toMatchObject({ cid: picture.cid, ref: 'b', bytes: { size: blob.size } })
    const left = (found?.bytes?.deleteAt ?? 0) - Date.now()
    expect(left / readConfig({ ...env }).blobQuarantine).toBeCloseTo(1, 2)
    expect(await moderation.takendownBlobs(account.did, 10, picture.cid)).toEqual([])
    const quarantined = await moderation.quarantined(account.did, picture.cid)
    expect(await new Response(quarantined?.stream).text()).toBe(`a picture of ${account.did}`)
    await moderation.setTakedown(picture, null, OPERATOR)
    expect(await moderation.quarantined(account.did, picture.cid)).toBeUndefined()
  })
})

describe('a report', () => {
  const report = (subject: object, reason?: string, by = account) =>
    callAs(by, 'com.atproto.moderation.createReport', { reasonType: SPAM, reason, subject })
  const accountRef = (did: string) => ({ $type: 'com.atproto.admin.defs#repoRef', did })
  const recordRef = (uri: string) => ({
    $type: 'com.atproto.repo.strongRef',
    uri,
    cid: 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a',
  })

  test('is stored, listed, and closed once; the log says so', async () => {
    const other = await makeAccount()
    const subject = accountRef(other.did)
    const made = (await (await report(subject, '<b>bad</b>')).json()) as Record<string, unknown>
    expect(made).toEqual({
      id: expect.any(Number),
      reasonType: SPAM,
      reason: '<b>bad</b>',
      subject,
      reportedBy: account.did,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    })
    const uri = `at://${other.did}/${collection}/r`
    expect((await (await report(recordRef(uri))).json()) as object).toMatchObject({
      subject: recordRef(uri),
    })
    const open = async () =>
      (await moderation.reports(10, undefined, { open: true, did: other.did })).reports
    expect((await open()).map(({ record: about }) => about?.uri)).toEqual([uri, undefined])
    const id = made.id as number
    expect(await moderation.resolveReport(id, 'admin', 'it was nothing')).toBe(true)
    expect(await moderation.resolveReport(id, 'admin')).toBe(false)
    expect(await open()).toHaveLength(1)
    expect((await moderation.findReport(id))?.resolution).toMatchObject({ note: 'it was nothing' })
    const { entries } = await moderation.log(10, undefined, { did: other.did })
    expect(entries).toMatchObject([
      { action: 'resolve report', ref: `report ${id}`, reason: 'it was nothing', by: 'admin' },
    ])
  })

  test('about an account elsewhere, or about nothing that is known, is refused', async () => {
    const refused = { status: 400, error: 'InvalidRequest' }
    expect(await outcome(await report(accountRef('did:web:nobody.test')))).toEqual(refused)
    expect(
      await outcome(await report(recordRef(`at://did:web:nobody.test/${collection}/r`))),
    ).toEqual(refused)
    expect(await outcome(await report(recordRef(`at://${account.did}`)))).toEqual(refused)
    expect(await outcome(await report({ $type: 'com.example.other' }))).toEqual(refused)
  })

  test('has as much text as the lexicon allows', async () => {
    const subject = accountRef(account.did)
    expect((await report(subject, 'x'.repeat(2000))).status).toBe(200)
    expect((await report(subject, 'x'.repeat(2001))).status).toBe(400)
    expect((await report(subject, '👩‍👩‍👧‍👦'.repeat(1500))).status).toBe(400)
  })

  test('is how somebody appeals whose account was taken down', async () => {
    const { did, handle } = account
    await moderation.setTakedown({ kind: 'account', did }, 'a', OPERATOR)
    const session = await callAs(account, 'com.atproto.server.createSession', {
      identifier: handle,
      password: 'correct horse battery',
      allowTakendown: true,
    })
    const signedIn = { ...account, ...((await session.json()) as object) }
    expect((await report(accountRef(did), 'why?', signedIn)).status).toBe(200)
  })
})
