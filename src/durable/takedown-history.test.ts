/** Random histories of writes, takedowns and restarts, held against a model of what may be read. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { accountStub, hostObjects } from '../services/objects/stubs.ts'
import {
  collection,
  deleteFiles,
  getBlob,
  putFiles,
  type Uploaded,
  upload,
} from '../testing/blobs.ts'
import { crashNow } from '../testing/crash.ts'
import { makeAccount, send, type TestAccount } from '../testing/host.ts'
import { randomFrom } from '../testing/random.ts'
import { resultOf } from '../testing/result.ts'

const note = { by: 'admin' }
const objects = hostObjects(env)
const KEYS = ['a', 'b', 'c', 'd', 'e']
const FILES = ['one', 'two', 'three']

async function bytesOf(path: string): Promise<string> {
  const response = await send(`/xrpc/com.atproto.${path}`)
  return Buffer.from(await response.arrayBuffer()).toString('hex')
}

/** What anybody reads. */
const everything = ({ did }: TestAccount) =>
  Promise.all([
    bytesOf(`sync.getRepo?did=${did}`),
    bytesOf(`repo.listRecords?repo=${did}&collection=${collection}`),
    bytesOf(`sync.listBlobs?did=${did}`),
    objects.account(did).repository.collections(),
    objects.account(did).blobs.listMissing(100),
  ])

async function keysOf({ did }: TestAccount): Promise<string[]> {
  const keys: string[] = []
  // Small pages, each of which begins behind the last one's end.
  for (let cursor = ''; ; ) {
    const after = cursor && `&cursor=${cursor}`
    const query = `repo=${did}&collection=${collection}&limit=2&reverse=true${after}`
    const response = await send(`/xrpc/com.atproto.repo.listRecords?${query}`)
    const page = (await response.json()) as { records: { uri: string }[]; cursor?: string }
    keys.push(...page.records.map(({ uri }) => uri.split('/').at(-1) ?? ''))
    if (page.cursor === undefined) return keys
    cursor = page.cursor
  }
}

test.each([1, 2, 3, 4, 5])(
  'whatever happens, the rest is read, and what is restored is as before (%i)',
  async (seed) => {
    const random = randomFrom(seed)
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
    const account = await makeAccount()
    const { did } = account
    const moderation = () => objects.account(did).moderation
    const takeRecord = (rkey: string, ref: string | null) =>
      moderation().setRecordTakedown(`${collection}/${rkey}`, ref, note)
    const blobs = new Map<string, Uploaded>()
    for (const name of FILES) blobs.set(name, await upload(account, `${name} of ${seed}`))
    const takeBlob = (name: string, ref: string | null) =>
      moderation().setBlobTakedown(blobs.get(name)?.ref.$link ?? '', ref, note)

    const records = new Map<string, string>()
    const down = new Set<string>()
    const downBlobs = new Set<string>()
    for (let round = 0; round < 60; round++) {
      const rkey = pick(KEYS)
      const name = pick(FILES)
      const what = random()
      if (what < 0.3) {
        // What is taken down, and what was never referred to for long, is not to be had.
        if (downBlobs.has(name)) continue
        if (![...records.values()].includes(name)) await upload(account, `${name} of ${seed}`)
        await putFiles(account, rkey, [blobs.get(name) as Uploaded])
        records.set(rkey, name)
      } else if (what < 0.4) {
        await deleteFiles(account, rkey)
        records.delete(rkey)
        down.delete(rkey)
      } else if (what < 0.6) {
        const changes = await takeRecord(rkey, `case ${round}`)
        expect(changes).toBe(records.has(rkey))
        if (changes) down.add(rkey)
      } else if (what < 0.7) {
        expect(await takeRecord(rkey, null)).toBe(down.delete(rkey))
      } else if (what < 0.85) {
        await takeBlob(name, `case ${round}`)
        downBlobs.add(name)
      } else if (what < 0.95) {
        expect(await takeBlob(name, null)).toBe(downBlobs.delete(name))
      } else await crashNow(() => accountStub(env, did))

      const visible = [...records.keys()].filter((key) => !down.has(key)).sort()
      expect(await keysOf(account)).toEqual(visible)
      for (const [file, { ref }] of blobs) {
        const found = await resultOf(objects.account(did).blobs.get(ref.$link))
        const isNamed = [...records.values()].includes(file)
        expect(found.ok).toBe(isNamed && !downBlobs.has(file))
      }
    }
    // What is counted in each transaction is what is there.
    expect(await objects.account(did).quota.recount()).toEqual([])
    // All is restored; then taken down and restored once more, which changes nothing.
    const restoreAll = async () => {
      for (const rkey of KEYS) await takeRecord(rkey, null)
      for (const name of FILES) await takeBlob(name, null)
    }
    await restoreAll()
    expect(await keysOf(account)).toEqual([...records.keys()].sort())
    const before = await everything(account)
    for (const rkey of records.keys()) await takeRecord(rkey, 'again')
    for (const name of FILES) await takeBlob(name, 'again')
    expect(await keysOf(account)).toEqual([])
    await crashNow(() => accountStub(env, did))
    await restoreAll()
    expect(await everything(account)).toEqual(before)
    expect(await objects.account(did).quota.recount()).toEqual([])
  },
)

test('an import leaves records and blobs taken down that are in it, and frees what is not', async () => {
  const account = await makeAccount()
  const { did } = account
  const blob = await upload(account, 'a file')
  await putFiles(account, 'a', [blob])
  const file = await objects.account(did).repository.exportCar()
  const kept = await new Response(file).arrayBuffer()
  await putFiles(account, 'b', [])
  for (const rkey of ['a', 'b']) {
    await objects.account(did).moderation.setRecordTakedown(`${collection}/${rkey}`, 'case', note)
  }
  await objects.account(did).moderation.setBlobTakedown(blob.ref.$link, 'case', note)
  const { body } = new Response(kept)
  if (!body) throw new Error('no file')
  await objects.account(did).repository.importCar(body, [])
  expect(await keysOf(account)).toEqual([])
  await putFiles(account, 'b', [])
  expect(await keysOf(account)).toEqual(['b'])
  expect((await getBlob(account, blob.ref.$link)).status).toBe(400)
  expect(await objects.account(did).blobs.listMissing(10)).toEqual([])
  await objects.account(did).moderation.setRecordTakedown(`${collection}/a`, null, note)
  await objects.account(did).moderation.setBlobTakedown(blob.ref.$link, null, note)
  expect(await keysOf(account)).toEqual(['a', 'b'])
  expect(await (await getBlob(account, blob.ref.$link)).text()).toBe('a file')
})
