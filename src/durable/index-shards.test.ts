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
    const page = await notes().byNumber.page({ limit, reverse, ...(cursor && { cursor }) })
    uris.push(...page.records.map(({ uri, value }) => `${value.n} ${uri}`))
    cursor = page.cursor
    if (cursor === undefined) return uris
  }
}

test('an index that is divided 1, 3, 2 times while it is written to has everything, and hooks are told in order', async () => {
  const dids: string[] = []
  for (let n = 0; n < 6; n++) dids.push((await makeAccount()).did)
  const revs = new Map(dids.map((did) => [did, [] as string[]]))
  let count = 0
  const writeSome = async () => {
    for (const did of dids) revs.get(did)?.push(await write(did, `k${count % 9}`, count++ % 5))
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
        const page = await objects.account(did).repository.listRecords(options)
        return unpackRecords(page).records.map(({ rkey }) => `at://${did}/${NOTE}/${rkey}`)
      }),
    )
  ).flat()
  await vi.waitFor(
    async () => {
      const read = await readAll(4)
      expect(read.map((line) => line.slice(2)).sort()).toEqual(expected.sort())
      expect(await readAll(7, true)).toEqual(read.toReversed())
      expect(await notes().byNumber.count()).toBe(expected.length)
      for (const did of dids) {
        const heard = told.filter((one) => one.did === did).map(({ rev }) => rev)
        expect(heard).toEqual(heard.toSorted())
        expect(new Set(heard)).toEqual(new Set(revs.get(did)))
      }
    },
    { timeout: 15_000, interval: 100 },
  )
  expect((await objects.hostIndex.operator.report()).shards).toHaveLength(2)
  await divideIndex(1)
  await vi.waitFor(async () => expect((await readAll(50)).length).toBe(expected.length))
}, 90_000)
