/** What a takedown of a record or a blob hides, what stays, and that a restoration leaves everything as it was. */
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import {
  bucket,
  collection,
  deleteFiles,
  getBlob,
  postBlob,
  putFiles,
  storedSizes,
  type Uploaded,
  upload,
} from '../../testing/blobs.ts'
import { basic, callAs, makeAccount, outcome, send, type TestAccount } from '../../testing/host.ts'
import { callAsOperator } from '../../testing/operator.ts'
import { accountStub, hostObjects } from '../objects/stubs.ts'

const objects = hostObjects(env)
const DAY = 24 * 60 * 60 * 1000

let account: TestAccount
beforeEach(async () => {
  account = await makeAccount()
})

const authorization = basic('admin', 'test admin password')

const update = (body: object): Promise<Response> => callAsOperator('updateSubjectStatus', body)

const recordRef = (rkey: string) => ({
  $type: 'com.atproto.repo.strongRef',
  uri: uriOf(rkey),
  cid: 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a',
})
const blobRef = ({ ref }: Uploaded, did = account.did) => ({
  $type: 'com.atproto.admin.defs#repoBlobRef',
  did,
  cid: ref.$link,
})
const uriOf = (rkey: string) => `at://${account.did}/${collection}/${rkey}`

/** Takes something down by the reference, or restores it. */
async function take(subject: object, ref: string | null): Promise<void> {
  const takedown = ref === null ? { applied: false } : { applied: true, ref }
  const response = await update({ subject, takedown })
  expect(await response.json()).toEqual({ subject, takedown })
}

const get = (path: string) => send(`/xrpc/com.atproto.${path}`)
const json = async (path: string) => (await get(path)).json() as Promise<Record<string, unknown>>
const statusOf = async (query: string) => {
  const response = await send(`/xrpc/com.atproto.admin.getSubjectStatus?${query}`, {
    headers: { authorization },
  })
  return response.json() as Promise<Record<string, unknown>>
}

const getRecord = (rkey: string) =>
  get(`repo.getRecord?repo=${account.did}&collection=${collection}&rkey=${rkey}`)

const keysOf = async (options = '') => {
  const page = await json(`repo.listRecords?repo=${account.did}&collection=${collection}${options}`)
  return (page.records as { uri: string }[]).map(({ uri }) => uri.split('/').at(-1))
}

const bytesOf = async (path: string): Promise<string> =>
  Buffer.from(await (await get(path)).arrayBuffer()).toString('hex')

/** Whatever anybody reads of the account. */
async function everything() {
  const { did } = account
  return {
    repo: await bytesOf(`sync.getRepo?did=${did}`),
    records: await json(`repo.listRecords?repo=${did}&collection=${collection}`),
    blobs: await json(`sync.listBlobs?did=${did}`),
    described: await objects.account(did).repository.collections(),
    inventory: await objects.account(did).profile.inventory(),
    missing: await objects.account(did).blobs.listMissing(10),
    stored: await storedSizes(did),
  }
}

const served = async (blob: Uploaded, init?: RequestInit, who = account) => {
  const response = await getBlob(who, blob.ref.$link, init)
  await response.arrayBuffer()
  return response.status
}

/** Lets the account do what is due, as if so much time had passed, in ms. */
async function later(ms: number, did = account.did): Promise<void> {
  await runInDurableObject(accountStub(env, did), async (_, { storage }) => {
    storage.sql.exec('UPDATE blob_takedown SET delete_at = delete_at - ?', ms)
  })
  await runDurableObjectAlarm(accountStub(env, did))
}

describe('a record that was taken down', () => {
  beforeEach(async () => {
    for (const rkey of ['a', 'b', 'c']) await putFiles(account, rkey, [])
  })

  test('is found by nobody who asks for records', async () => {
    await take(recordRef('b'), 'case 7')
    expect(await outcome(await getRecord('b'))).toEqual({ status: 400, error: 'RecordNotFound' })
    expect(
      await outcome(
        await callAs(
          account,
          `com.atproto.repo.getRecord?repo=${account.did}&collection=${collection}&rkey=b`,
        ),
      ),
    ).toEqual({ status: 400, error: 'RecordNotFound' })
    expect((await getRecord('a')).status).toBe(200)
    expect(await keysOf()).toEqual(['c', 'a'])
    expect(await keysOf('&reverse=true&limit=1&cursor=a')).toEqual(['c'])
    expect(await keysOf('&limit=1&cursor=c')).toEqual(['a'])
  })

  test('stays in the repository, of which the network was told', async () => {
    const before = await everything()
    await take(recordRef('b'), 'case 7')
    expect(await bytesOf(`sync.getRepo?did=${account.did}`)).toBe(before.repo)
    const proof = await get(`sync.getRecord?did=${account.did}&collection=${collection}&rkey=b`)
    expect(proof.status).toBe(200)
    await proof.arrayBuffer()
  })

  test('is the last of a collection, and the collection is not named', async () => {
    await callAs(account, 'com.atproto.repo.putRecord', {
      repo: account.did,
      collection: 'com.example.alone',
      rkey: 'x',
      record: {},
    })
    const collections = () => objects.account(account.did).repository.collections()
    expect(await collections()).toEqual(['com.example.alone', collection])
    const uri = `at://${account.did}/com.example.alone/x`
    await take({ ...recordRef('x'), uri }, 'case 7')
    expect(await collections()).toEqual([collection])
    for (const rkey of ['a', 'b', 'c']) await take(recordRef(rkey), 'case 7')
    expect(await collections()).toEqual([])
    await take({ ...recordRef('x'), uri }, null)
    expect(await collections()).toEqual(['com.example.alone'])
  })

  test('is told to moderators with its reference', async () => {
    const status = () => statusOf(`uri=${encodeURIComponent(uriOf('b'))}`)
    const { cid } = (await (await getRecord('b')).json()) as { cid: string }
    const subject = { $type: 'com.atproto.repo.strongRef', uri: uriOf('b'), cid }
    expect(await status()).toEqual({ subject, takedown: { applied: false } })
    await take(recordRef('b'), 'case 7')
    expect(await status()).toEqual({ subject, takedown: { applied: true, ref: 'case 7' } })
    await update({ subject: recordRef('b'), takedown: { applied: true } })
    expect((await status()).takedown).toEqual({
      applied: true,
      ref: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    })
  })

  test('stays so when it is written anew, and is free again when it was deleted', async () => {
    await take(recordRef('b'), 'case 7')
    await putFiles(account, 'b', [await upload(account, 'new')])
    expect((await getRecord('b')).status).toBe(400)
    await deleteFiles(account, 'b')
    expect(await statusOf(`uri=${encodeURIComponent(uriOf('b'))}`)).toMatchObject({
      error: 'NotFound',
    })
    await putFiles(account, 'b', [])
    expect((await getRecord('b')).status).toBe(200)
  })

  test('is no new post that the owner is shown', async () => {
    const posts = 'app.bsky.feed.post'
    const since = (await objects.account(account.did).repository.latestCommit()).rev
    const made: string[] = []
    for (const text of ['one', 'two']) {
      const response = await callAs(account, 'com.atproto.repo.createRecord', {
        repo: account.did,
        collection: posts,
        record: { $type: posts, text, createdAt: new Date().toISOString() },
      })
      made.push(((await response.json()) as { uri: string }).uri)
    }
    const recent = async () =>
      (await objects.account(account.did).repository.recentRecords(since))?.posts.map(
        ({ rkey }) => `at://${account.did}/${posts}/${rkey}`,
      )
    expect(await recent()).toEqual(made)
    await take({ ...recordRef('x'), uri: made[0] }, 'case 7')
    expect(await recent()).toEqual([made[1]])
  })

  test('and restored leaves everything as it was', async () => {
    await putFiles(account, 'b', [await upload(account, 'a file')])
    const before = await everything()
    await take(recordRef('b'), 'case 7')
    expect(await everything()).not.toEqual(before)
    await take(recordRef('b'), null)
    expect(await everything()).toEqual(before)
  })

  test('costs who reads other records nothing, and who reads a list a row', async () => {
    const rowsOf = async (query: string) => {
      const path = `repo.${query}&repo=${account.did}&collection=${collection}`
      await (await get(path)).text()
      const response = await get(path)
      await response.text()
      return Number(response.headers.get('x-cumulus-rows-read'))
    }
    const rows = async () => [
      await rowsOf('getRecord?rkey=a'),
      await rowsOf('listRecords?limit=50'),
    ]
    // A row for each record; and for each that was taken down, between those that are listed, one more.
    // What the account still has to do after a write may be counted with them.
    await vi.waitFor(async () => expect(await rows()).toEqual([1, 3]))
    await take(recordRef('b'), 'case 7')
    await vi.waitFor(async () => expect(await rows()).toEqual([1, 4]))
  })
})

describe('a blob that was taken down', () => {
  let blob: Uploaded
  beforeEach(async () => {
    blob = await upload(account, 'a picture')
    await putFiles(account, 'r', [blob])
  })

  test('is served to nobody in any way, and its bytes stay', async () => {
    const etag = `"${blob.ref.$link}"`
    const headers = { authorization: `Bearer ${account.accessJwt}` }
    expect(await served(blob, { headers: { 'if-none-match': etag } })).toBe(304)
    await take(blobRef(blob), 'case 8')
    expect(await outcome(await getBlob(account, blob.ref.$link))).toEqual({
      status: 400,
      error: 'BlobNotFound',
    })
    expect(await served(blob, { headers })).toBe(400)
    expect(await served(blob, { headers: { authorization } })).toBe(400)
    expect(await served(blob, { headers: { 'if-none-match': etag } })).toBe(400)
    expect(await served(blob, { headers: { range: 'bytes=0-1' } })).toBe(400)
    expect(await served(blob, { method: 'HEAD' })).toBe(400)
    // What archives are made of.
    expect(await objects.account(account.did).blobs.uploads(10)).toEqual([])
    await runDurableObjectAlarm(accountStub(env, account.did))
    expect(await storedSizes(account.did)).toEqual([9])
  })

  test('is still listed, as its record names it, and is not missing', async () => {
    const before = await everything()
    await take(blobRef(blob), 'case 8')
    expect(await everything()).toEqual(before)
  })

  test('is not uploaded again, nor does another record come to refer to it', async () => {
    await take(blobRef(blob), 'case 8')
    const again = await postBlob(account, 'a picture')
    expect(again.status).toBe(400)
    expect(await again.json()).toMatchObject({
      error: 'InvalidRequest',
      message: 'Blob has been takendown, cannot re-upload',
    })
    expect(await storedSizes(account.did)).toEqual([9])
    for (const rkey of ['r', 's']) {
      const body = { repo: account.did, collection, rkey, record: { files: [blob], rkey } }
      expect(await outcome(await callAs(account, 'com.atproto.repo.putRecord', body))).toEqual({
        status: 400,
        error: 'BlobNotFound',
      })
    }
  })

  test('is another one than that of the same bytes at another account', async () => {
    const other = await makeAccount()
    const same = await upload(other, 'a picture')
    await putFiles(other, 'r', [same])
    expect(same.ref).toEqual(blob.ref)
    await take(blobRef(blob), 'case 8')
    expect(await served(same, undefined, other)).toBe(200)
    await later(31 * DAY)
    expect(await served(same, undefined, other)).toBe(200)
    expect(await storedSizes(other.did)).toEqual([9])
  })

  test('is told to moderators with its reference', async () => {
    const status = () => statusOf(`did=${account.did}&blob=${blob.ref.$link}`)
    const subject = blobRef(blob)
    expect(await status()).toEqual({ subject, takedown: { applied: false } })
    await take(subject, 'case 8')
    expect(await status()).toEqual({ subject, takedown: { applied: true, ref: 'case 8' } })
  })

  test('is served again once it is restored, whatever was tried meanwhile', async () => {
    const before = await everything()
    await take(blobRef(blob), 'case 8')
    await (await postBlob(account, 'a picture')).text()
    await take(blobRef(blob), null)
    expect(await everything()).toEqual(before)
    expect(await (await getBlob(account, blob.ref.$link)).text()).toBe('a picture')
  })

  test('that was not here is refused when it comes', async () => {
    const other = await makeAccount()
    await take(blobRef(blob, other.did), 'case 8')
    expect((await postBlob(other, 'a picture')).status).toBe(400)
    expect(await storedSizes(other.did)).toEqual([])
    await take(blobRef(blob, other.did), null)
    await upload(other, 'a picture')
  })

  test('keeps its bytes for thirty days when its record is gone, and then they are deleted', async () => {
    await take(blobRef(blob), 'case 8')
    await deleteFiles(account, 'r')
    await later(29 * DAY)
    expect(await storedSizes(account.did)).toEqual([9])
    await later(2 * DAY)
    expect(await storedSizes(account.did)).toEqual([])
    expect((await postBlob(account, 'a picture')).status).toBe(400)
    expect(await statusOf(`did=${account.did}&blob=${blob.ref.$link}`)).toMatchObject({
      takedown: { applied: true, ref: 'case 8' },
    })
  })

  test('is temporary once it is restored without a record, and missing without its bytes', async () => {
    await take(blobRef(blob), 'case 8')
    await deleteFiles(account, 'r')
    await take(blobRef(blob), null)
    expect(await served(blob)).toBe(400)
    await putFiles(account, 'r', [blob])
    expect(await served(blob)).toBe(200)
    await take(blobRef(blob), 'case 9')
    await later(31 * DAY)
    await take(blobRef(blob), null)
    expect(await objects.account(account.did).blobs.listMissing(10)).toEqual([
      { cid: blob.ref.$link, path: `${collection}/r` },
    ])
    await upload(account, 'a picture')
    expect(await served(blob)).toBe(200)
  })

  test('outlives its account for as long, and then nothing is left', async () => {
    await take(blobRef(blob), 'case 8')
    await upload(account, 'another')
    const object = objects.account(account.did)
    await object.lifecycle.destroy()
    await later(0)
    await later(29 * DAY)
    expect(await storedSizes(account.did)).toEqual([9])
    await later(2 * DAY)
    await vi.waitFor(async () => {
      await later(0)
      expect(await storedSizes(account.did)).toEqual([])
    })
    const left = await runInDurableObject(accountStub(env, account.did), (_, { storage }) =>
      ['account', 'blob_takedown', 'record_takedown', 'moderation_outbox'].map(
        (table) => storage.sql.exec(`SELECT * FROM ${table}`).toArray().length,
      ),
    )
    expect(left).toEqual([0, 0, 0, 0])
  })

  test('has a key that no request names', async () => {
    await take(blobRef(blob), 'case 8')
    const { objects: stored } = await bucket.list()
    const keys = stored.map(({ key }) => key)
    for (const key of keys) {
      expect((await get(`sync.getBlob?did=${account.did}&cid=${key}`)).status).toBe(400)
    }
  })
})

describe('moderators', () => {
  test.each<[string, object, string]>([
    [
      'an account elsewhere',
      {
        $type: 'com.atproto.repo.strongRef',
        uri: 'at://did:web:nobody.test/com.example.a/b',
        cid: 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a',
      },
      'NotFound',
    ],
    [
      'a blob of nobody',
      {
        $type: 'com.atproto.admin.defs#repoBlobRef',
        did: 'did:web:nobody.test',
        cid: 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a',
      },
      'NotFound',
    ],
    ['something else', { $type: 'com.example.thing' }, 'InvalidRequest'],
    [
      'a collection',
      {
        $type: 'com.atproto.repo.strongRef',
        uri: 'at://did:web:nobody.test/com.example.a',
        cid: 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a',
      },
      'InvalidRequest',
    ],
  ])('get an error for %s', async (_, subject, error) => {
    const answer = await update({ subject, takedown: { applied: true } })
    expect(await outcome(answer)).toEqual({ status: 400, error })
  })

  test('change nothing where there is no such record', async () => {
    await take(recordRef('none'), 'case 7')
    expect(await statusOf(`uri=${encodeURIComponent(uriOf('none'))}`)).toMatchObject({
      error: 'NotFound',
    })
    await putFiles(account, 'none', [])
    expect((await getRecord('none')).status).toBe(200)
  })

  test('ask for something', async () => {
    expect(await statusOf('')).toMatchObject({ message: 'No provided subject' })
    const blob = 'blob=bafkreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'
    expect(await statusOf(blob)).toMatchObject({
      message: 'Must provide a did to request blob state',
    })
    expect(await statusOf('did=did:web:nobody.test')).toMatchObject({ error: 'NotFound' })
  })
})
