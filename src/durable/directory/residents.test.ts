/** What isolates cache of the directory, held against what it has had. */
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { DirectoryRpc } from '../../contracts/directory.ts'
import { AccountLookup } from '../../services/accounts/account-lookup.ts'
import { rpcClient } from '../../services/objects/client.ts'
import { crashNow } from '../../testing/crash.ts'
import { randomFrom } from '../../testing/random.ts'
import { resultOf } from '../../testing/result.ts'
import { RecentChanges } from './recent-changes.ts'

/** So long an isolate may answer with what was, in ms. */
const TRUST = 5_000
const STEPS = 400

let made = 0
let directory: () => ReturnType<typeof env.DIRECTORY.get>
const client = () => rpcClient<DirectoryRpc>(directory())

beforeEach(() => {
  const id = env.DIRECTORY.idFromName(`residents ${made++}`)
  directory = () => env.DIRECTORY.get(id)
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const objects = { directoryShards: 1, directoryShard: () => client() }

const later = (ms: number) => vi.setSystemTime(Date.now() + ms)

test('who knows a version learns of each account that was changed since, and who missed too much, of all', () => {
  const recent = new RecentChanges()
  const start = recent.version
  expect(recent.since(undefined)).toBeUndefined()
  expect(recent.since(start)).toEqual([])
  recent.note('did:web:a.test')
  const { version } = recent
  recent.note('did:web:b.test')
  recent.note('did:web:b.test')
  expect(recent.since(start)).toEqual(['did:web:a.test', 'did:web:b.test'])
  expect(recent.since(version)).toEqual(['did:web:b.test'])
  for (let i = 0; i < 2_000; i++) recent.note(`did:web:${i}.test`)
  expect(recent.since(version)).toBeUndefined()
  expect(recent.since({ ...recent.version, changes: recent.version.changes - 1_000 })).toHaveLength(
    1_000,
  )
  recent.begin()
  expect(recent.since(version)).toBeUndefined()
  expect(recent.since({ ...recent.version, changes: 1 })).toBeUndefined()
})

test(`over ${STEPS} random steps, crashes among them, nobody is told what is older than five seconds`, async () => {
  const isolates = [1, 2].map(() => new AccountLookup(objects))
  const dids = Array.from({ length: 6 }, (_, i) => `did:web:p${i}.test`)
  const handles = Array.from({ length: 8 }, (_, i) => `h${i}.example.com`)
  /** Who has had which handle: until when; of those that are had, Infinity. */
  const had = new Map<string, number>()
  const now = new Map<string, string>()
  const lose = (did: string) => {
    const before = now.get(did)
    if (before !== undefined) had.set(`${before} ${did}`, Date.now())
    now.delete(did)
  }
  const gain = (did: string, handle: string) => {
    lose(did)
    now.set(did, handle)
    had.set(`${handle} ${did}`, Number.POSITIVE_INFINITY)
  }
  const random = randomFrom(1)
  const any = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T
  let answered = 0
  for (let step = 0; step < STEPS; step++) {
    const [did, handle, isolate] = [any(dids), any(handles), any(isolates)]
    const claim = { byOperator: true }
    const kind = random()
    if (kind < 0.15) {
      if (now.has(did)) {
        if ((await resultOf(client().accounts.setHandle(did, handle, claim))).ok) gain(did, handle)
      } else {
        const names = { did, handle, email: null }
        const reserved = await resultOf(client().accounts.reserve(names, undefined, claim))
        if (reserved.ok && (await client().accounts.confirm(names))) gain(did, handle)
      }
    } else if (kind < 0.2) {
      await client().accounts.remove(did)
      lose(did)
    } else if (kind < 0.22) await crashNow(directory)
    else if (kind < 0.4) later(random() * 4_000)
    else {
      const found = await isolate.find(any([did, handle]))
      if (found) {
        const until = had.get(`${found.handle} ${found.did}`) ?? 0
        expect(until).toBeGreaterThan(Date.now() - TRUST)
        answered++
      }
    }
    // Whoever is here is found at once.
    const anew = new AccountLookup(objects)
    for (const [did, handle] of now) expect((await anew.find(handle))?.did).toBe(did)
  }
  expect(answered).toBeGreaterThan(STEPS / 20)
})
