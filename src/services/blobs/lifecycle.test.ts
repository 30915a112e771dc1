import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, expect, test } from 'vitest'
import {
  deleteFiles,
  getBlob,
  postBlob,
  putFiles,
  storedSizes,
  upload,
} from '../../testing/blobs.ts'
import { makeAccount, type TestAccount } from '../../testing/host.ts'
import { accountStub as stubOf } from '../objects/stubs.ts'

let account: TestAccount
beforeEach(async () => {
  account = await makeAccount()
})

/** Lets the account do what it has put off. */
const ringAlarm = () => runDurableObjectAlarm(stubOf(env, account.did))

interface Row {
  [column: string]: SqlStorageValue
  size: number
  isTemporary: number
}

/** The rows of the index, by size. */
const rows = () =>
  runInDurableObject(stubOf(env, account.did), (_, { storage }) =>
    storage.sql
      .exec<Row>('SELECT size, expires_at IS NOT NULL AS isTemporary FROM blob ORDER BY size')
      .toArray(),
  )

const unwanted = () =>
  runInDurableObject(stubOf(env, account.did), (_, { storage }) =>
    storage.sql.exec('SELECT key FROM blob_to_delete').toArray(),
  )

const permanent = (size: number): Row => ({ size, isTemporary: 0 })
const temporary = (size: number): Row => ({ size, isTemporary: 1 })

/** Expects these rows, and bytes for each of them and no others, after all is tidied up. */
async function expectBlobs(...expected: Row[]) {
  await ringAlarm()
  expect(await rows()).toEqual(expected)
  expect(await storedSizes(account.did)).toEqual(expected.map(({ size }) => size))
  expect(await unwanted()).toEqual([])
}

/** The status with which a blob is served. */
async function served(cid: string): Promise<number> {
  const response = await getBlob(account, cid)
  await response.arrayBuffer()
  return response.status
}

/** As if so much time had passed, in ms. */
const age = (ms: number) =>
  runInDurableObject(stubOf(env, account.did), (_, { storage }) => {
    storage.sql.exec('UPDATE blob SET expires_at = expires_at - ?', ms)
  })

const HOUR = 60 * 60 * 1000

test('a blob is temporary until a record refers to it, and goes with that record', async () => {
  const blob = await upload(account, 'a')
  await expectBlobs(temporary(1))
  expect(await served(blob.ref.$link)).toBe(400)
  await putFiles(account, 'r', [blob])
  await expectBlobs(permanent(1))
  expect(await served(blob.ref.$link)).toBe(200)
  await deleteFiles(account, 'r')
  await expectBlobs()
  expect(await served(blob.ref.$link)).toBe(400)
})

test('a blob goes when its record is updated to another', async () => {
  const [a, bb] = [await upload(account, 'a'), await upload(account, 'bb')]
  await putFiles(account, 'r', [a])
  await putFiles(account, 'r', [bb])
  await expectBlobs(permanent(2))
  await putFiles(account, 'r', [])
  await expectBlobs()
})

test('a blob that two records share stays until the second one goes', async () => {
  const blob = await upload(account, 'a')
  await putFiles(account, 'r', [blob, blob])
  await putFiles(account, 's', [blob])
  await deleteFiles(account, 'r')
  await expectBlobs(permanent(1))
  expect(await served(blob.ref.$link)).toBe(200)
  await putFiles(account, 's', [])
  await expectBlobs()
})

test('a blob that no record refers to expires; one that is referred to does not', async () => {
  const kept = await upload(account, 'kept')
  await upload(account, 'a')
  await putFiles(account, 'r', [kept])
  await age(5 * HOUR)
  await expectBlobs(temporary(1), permanent(4))
  await age(HOUR)
  await expectBlobs(permanent(4))
})

test('the alarm is set for the time at which the next blob expires', async () => {
  await upload(account, 'a')
  await ringAlarm()
  const [alarm, expiry] = await runInDurableObject(
    stubOf(env, account.did),
    async (_, { storage }) => [
      await storage.getAlarm(),
      storage.sql.exec<{ at: number }>('SELECT expires_at AS at FROM blob').one().at,
    ],
  )
  expect(alarm).toBe(expiry)
})

test('the same bytes uploaded again are kept once, and wait anew', async () => {
  const first = await upload(account, 'a')
  await age(5 * HOUR)
  expect(await upload(account, 'a')).toEqual(first)
  await age(5 * HOUR)
  await expectBlobs(temporary(1))
  await putFiles(account, 'r', [first])
  expect(await upload(account, 'a')).toEqual(first)
  await expectBlobs(permanent(1))
  expect(await served(first.ref.$link)).toBe(200)
})

test('the same bytes uploaded many times at once are kept once', async () => {
  const blobs = await Promise.all(Array.from({ length: 8 }, () => upload(account, 'same')))
  await putFiles(account, 'r', [blobs[3] as never])
  await expectBlobs(permanent(4))
  expect(await served(blobs[0]?.ref.$link as string)).toBe(200)
})

test('a blob that has gone can come again', async () => {
  const blob = await upload(account, 'a')
  await putFiles(account, 'r', [blob])
  await deleteFiles(account, 'r')
  await putFiles(account, 's', [await upload(account, 'a')])
  await expectBlobs(permanent(1))
  expect(await served(blob.ref.$link)).toBe(200)
})

test('two accounts have the same bytes each on its own', async () => {
  const other = await makeAccount()
  const blob = await upload(account, 'a')
  await upload(other, 'a')
  await putFiles(account, 'r', [blob])
  await putFiles(other, 'r', [blob])
  await deleteFiles(account, 'r')
  await expectBlobs()
  const response = await getBlob(other, blob.ref.$link)
  expect(await response.text()).toBe('a')
})

test('an upload that the account refuses leaves no bytes', async () => {
  await runInDurableObject(stubOf(env, account.did), (_, { storage }) => {
    storage.sql.exec('DELETE FROM account')
  })
  await evictDurableObject(stubOf(env, account.did))
  expect((await postBlob(account, 'a')).ok).toBe(false)
  expect(await storedSizes(account.did)).toEqual([])
})
