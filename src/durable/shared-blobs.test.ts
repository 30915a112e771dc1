/** A blob's bytes are there exactly while a record refers to it, whatever a batch does with the records. */
import { expect, test } from 'vitest'
import { callAs, makeAccount, outcome, send, type TestAccount } from '../testing/host.ts'
import { randomFrom } from '../testing/random.ts'

const COLLECTION = 'com.example.file'

interface Blob {
  ref: { $link: string }
}

async function upload(account: TestAccount, text: string): Promise<Blob> {
  const response = await send('/xrpc/com.atproto.repo.uploadBlob', {
    method: 'POST',
    headers: { authorization: `Bearer ${account.accessJwt}`, 'content-type': 'text/plain' },
    body: text,
  })
  return ((await response.json()) as { blob: Blob }).blob
}

/** Which of the blobs are served. */
async function served({ did }: TestAccount, blobs: readonly Blob[]): Promise<boolean[]> {
  const found: boolean[] = []
  for (const { ref } of blobs) {
    const response = await send(`/xrpc/com.atproto.sync.getBlob?did=${did}&cid=${ref.$link}`)
    await response.arrayBuffer()
    found.push(response.ok)
  }
  return found
}

type Write = { action: 'create' | 'update' | 'delete'; rkey: string; blobs?: Blob[] }

const apply = (account: TestAccount, writes: Write[]): Promise<Response> =>
  callAs(account, 'com.atproto.repo.applyWrites', {
    repo: account.did,
    validate: false,
    writes: writes.map(({ action, rkey, blobs }) => ({
      $type: `com.atproto.repo.applyWrites#${action}`,
      collection: COLLECTION,
      rkey,
      ...(blobs && { value: { $type: COLLECTION, rkey, blobs } }),
    })),
  })

test.each<[string, (a: Blob, b: Blob) => Write[]]>([
  [
    'renames a record',
    (a) => [
      { action: 'delete', rkey: 'a' },
      { action: 'create', rkey: 'c', blobs: [a] },
    ],
  ],
  [
    'moves a blob from an update to a creation',
    (a, b) => [
      { action: 'update', rkey: 'a', blobs: [b] },
      { action: 'create', rkey: 'c', blobs: [a] },
    ],
  ],
  [
    'swaps the blobs of two records',
    (a, b) => [
      { action: 'update', rkey: 'a', blobs: [b] },
      { action: 'update', rkey: 'b', blobs: [a] },
    ],
  ],
  [
    'makes a record anew',
    (a) => [
      { action: 'delete', rkey: 'a' },
      { action: 'create', rkey: 'a', blobs: [a] },
    ],
  ],
])('a batch that %s keeps its blobs', async (_, batch) => {
  const account = await makeAccount()
  const a = await upload(account, 'first')
  const b = await upload(account, 'second')
  await apply(account, [
    { action: 'create', rkey: 'a', blobs: [a] },
    { action: 'create', rkey: 'b', blobs: [b] },
  ])
  expect((await apply(account, batch(a, b))).status).toBe(200)
  expect(await served(account, [a, b])).toEqual([true, true])
})

test.each([1, 2, 3])(
  'random batches keep just the blobs that records refer to (%i)',
  async (seed) => {
    const random = randomFrom(seed)
    const some = (items: readonly number[], most: number) =>
      Array.from({ length: Math.floor(random() * (most + 1)) }, () => pick(items))
    const pick = (items: readonly number[]) => items[Math.floor(random() * items.length)] as number
    const account = await makeAccount()
    const numbers = [0, 1, 2, 3, 4]
    const blobs: Blob[] = []
    for (const n of numbers) blobs.push(await upload(account, `blob ${n} of ${seed}`))
    /** Blobs by record key. */
    let records = new Map<string, number[]>()
    for (let round = 0; round < 25; round++) {
      const after = new Map(records)
      const writes: Write[] = []
      for (let n = 1 + Math.floor(random() * 5); n > 0; n--) {
        const rkey = `r${pick(numbers)}`
        const isThere = after.has(rkey)
        if (isThere && random() < 0.4) {
          writes.push({ action: 'delete', rkey })
          after.delete(rkey)
          continue
        }
        const refers = some(numbers, 2)
        const used = refers.map((n) => blobs[n] as Blob)
        writes.push({ action: isThere ? 'update' : 'create', rkey, blobs: used })
        after.set(rkey, refers)
      }
      // What no record refers to is gone, and is uploaded again.
      const kept = new Set([...records.values()].flat())
      for (const n of numbers) if (!kept.has(n)) await upload(account, `blob ${n} of ${seed}`)
      expect(await outcome(await apply(account, writes))).toEqual({ status: 200 })
      records = after
      const expected = numbers.map((n) => [...records.values()].flat().includes(n))
      expect(await served(account, blobs)).toEqual(expected)
    }
  },
)
