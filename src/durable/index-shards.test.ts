/** The host's index divided among several objects, and divided anew while it is written to. */
import { env } from 'cloudflare:workers'
import { encode } from '@atproto/lex-cbor'
import { beforeAll, expect, test, vi } from 'vitest'
import { cidOf } from '../kernel/cbor/cid.ts'
import { hostObjects } from '../services/objects/stubs.ts'
import { unpackRecords } from '../storage/account/packed.ts'
import { readerOf, useCollections } from '../testing/collections.ts'
import { makeAccount } from '../testing/host.ts'
import { divideIndex, setShards, untilShards } from '../testing/index-shards.ts'

const NOTE = 'com.example.note'

interface Told {
  did: string
  rev: string
  record?: { text?: string }
}
const told: Told[] = []
const failing = new Set<string>()

beforeAll(() =>
  useCollections({
    [NOTE]: {
      index: { byNumber: ['n'], byAuthor: ['@did', 'n'] },
      search: ['text'],
      attempts: 3,
      afterWrite({ did, rev, record }: Told) {
        if (failing.has(record?.text ?? '')) throw new Error('no')
        told.push({ did, rev, ...(record && { record }) })
      },
    } as never,
  }),
)

const objects = hostObjects(env)
const notes = () => readerOf<'byNumber' | 'byAuthor'>(NOTE)

async function write(did: string, rkey: string, n: number, text = `number ${n}`): Promise<string> {
  const block = encode({ $type: NOTE, n, text })
  const record = { cid: cidOf(block), block, blobs: [] }
  const writes = [{ action: 'put' as const, collection: NOTE, rkey, record }]
  const { commit } = await objects.account(did).repository.write({ writes })
  return commit?.rev ?? ''
}

/** All records by an index, in pages of some. */
async function readAll(limit: number, reverse = false): Promise<string[]> {
  const uris: string[] = []
  for (let cursor: string | undefined; ; ) {
    const where = { n: { from: 10, before: 1_000 } }
    const page = await notes().byNumber.page({ where, limit, reverse, ...(cursor && { cursor }) })
    uris.push(...page.records.map(({ uri, value }) => `${value.n} ${uri}`))
    cursor = page.cursor
    if (cursor === undefined) return uris
  }
}

/** A text that is no other test's. */
const unique = (text: string) => `${text} ${crypto.randomUUID().slice(0, 8)}`

test('what waits for a hook, and what was given up, goes along when the index is divided', async () => {
  const [{ did }, { did: other }] = [await makeAccount(), await makeAccount()]
  const [bad, late] = [unique('bad'), unique('late')]
  for (const text of [bad, late]) failing.add(text)
  await write(other, 'a', 1, bad)
  const { hooks, operator } = objects.hostIndex
  await vi.waitFor(async () => expect(await hooks.letters(10)).toHaveLength(1), { interval: 100 })
  const revs = [await write(did, 'a', 1, late), await write(did, 'b', 2), await write(did, 'c', 3)]
  const waits = async () => (await operator.report()).hooks[0]
  await vi.waitFor(async () => expect((await waits())?.failed).toBeGreaterThan(3))
  await divideIndex(3)
  expect(await waits()).toMatchObject({ letters: 1, dropped: 0 })
  failing.delete(late)
  revs.push(await write(did, 'd', 4))
  const heard = () => told.filter((one) => one.did === did).map(({ rev }) => rev)
  await vi.waitFor(() => expect(heard()).toEqual(revs), { interval: 100 })
  const [letter] = await hooks.letters(10)
  expect(letter).toMatchObject({ did: other, rkey: 'a', attempts: 3 })
  failing.delete(bad)
  expect(await hooks.replay(letter?.id)).toBe(1)
  await vi.waitFor(() => expect(told.some((one) => one.did === other)).toBe(true))
  expect(await hooks.letters(10)).toEqual([])
})

test('several objects answer as one: by words, by addresses, in groups, and without what is hidden', async () => {
  const dids: string[] = []
  for (let n = 0; n < 5; n++) dids.push((await makeAccount()).did)
  const word = unique('soup').replace(' ', '')
  for (const did of dids) await write(did, 'a', 1_000, word)
  const uris = dids.map((did) => `at://${did}/${NOTE}/a`)
  const found = async () => {
    const all: string[] = []
    for (let cursor: string | undefined; ; ) {
      const page = await notes().search(word, { limit: 2, ...(cursor && { cursor }) })
      all.push(...page.records.map(({ uri }) => uri))
      cursor = page.cursor
      if (cursor === undefined) return all.sort()
    }
  }
  await vi.waitFor(async () => expect(await found()).toEqual(uris.toSorted()))
  expect([...(await notes().get([...uris, `at://${dids[0]}/${NOTE}/none`])).keys()]).toEqual(uris)
  const groups = async () => {
    const [group] = (await notes().byNumber.group([1_000], { limit: 3, max: 4 })).values()
    return [group?.count, group?.records.length]
  }
  expect(await groups()).toEqual([4, 3])
  expect(await notes().byAuthor.count({ where: { '@did': dids[0] } })).toBe(1)
  const { lifecycle, moderation } = objects.account(dids[0] ?? '')
  await moderation.setRecordTakedown(`${NOTE}/a`, 'x', { by: 'admin' })
  expect(await found()).toEqual(uris.slice(1).sort())
  await moderation.setRecordTakedown(`${NOTE}/a`, null, { by: 'admin' })
  await lifecycle.setTakedown('x')
  expect(await found()).toEqual(uris.slice(1).sort())
  await divideIndex(2)
  expect(await found()).toEqual(uris.slice(1).sort())
  await lifecycle.setTakedown(null)
  expect(await found()).toEqual(uris.toSorted())
  await expect(notes().search(word, { cursor: '0.5' })).rejects.toThrow('The cursor is none')
})

test('an index that is divided among 3, then 2 while it is written to has everything, and hooks are told in order', async () => {
  const dids: string[] = []
  for (let n = 0; n < 6; n++) dids.push((await makeAccount()).did)
  const revs = new Map(dids.map((did) => [did, [] as string[]]))
  let count = 0
  const writeSome = async () => {
    for (const did of dids)
      revs.get(did)?.push(await write(did, `k${count % 9}`, 10 + (count++ % 5)))
  }
  await writeSome()
  for (const shards of [3, 2]) {
    await setShards(shards)
    const changed = untilShards(shards)
    let isChanging = true
    changed.then(
      () => {
        isChanging = false
      },
      () => {
        isChanging = false
      },
    )
    while (isChanging) {
      await writeSome()
      // Others have their turn.
      await scheduler.wait(20)
    }
    await changed
    await writeSome()
  }
  const expected = (
    await Promise.all(
      dids.map(async (did) => {
        const options = { collection: NOTE, limit: 100 }
        const { page } = await objects.account(did).repository.listRecords(options)
        return unpackRecords(page ?? expect.unreachable()).records.map(
          ({ rkey }) => `at://${did}/${NOTE}/${rkey}`,
        )
      }),
    )
  ).flat()
  await vi.waitFor(
    async () => {
      const read = await readAll(4)
      expect(read.map((line) => line.slice(3)).sort()).toEqual(expected.sort())
      expect(await readAll(7, true)).toEqual(read.toReversed())
      expect(await notes().byNumber.count({ where: { n: { from: 10, before: 1_000 } } })).toBe(
        expected.length,
      )
      for (const did of dids) {
        const heard = told.filter((one) => one.did === did).map(({ rev }) => rev)
        expect(heard).toEqual(heard.toSorted())
        expect(new Set(heard)).toEqual(new Set(revs.get(did)))
      }
    },
    { interval: 100 },
  )
  expect((await objects.hostIndex.operator.report()).shards).toHaveLength(2)
  await divideIndex(1)
  await vi.waitFor(async () => expect((await readAll(50)).length).toBe(expected.length))
}, 90_000)
