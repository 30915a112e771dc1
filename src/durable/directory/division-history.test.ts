/**
 * Random histories of sign-ups, changes and deletions, with crashes of the directory and of the objects that share lookups
 * between any two of their statements, while the number of these changes. Seeded: they are the same each time.
 */
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { AccountLookup } from '../../services/accounts/account-lookup.ts'
import { directoryStub, hostObjects } from '../../services/objects/stubs.ts'
import type { HostedAccount } from '../../storage/directory/accounts.ts'
import { crashAfterStatement, crashNow } from '../../testing/crash.ts'
import { directoryShardStubs, setDirectoryShards } from '../../testing/directory-shards.ts'
import { randomFrom } from '../../testing/random.ts'

/** So long an isolate may answer with what was, in ms. */
const TRUST = 5_000
const STEPS = 500
/** Statements of an operation, about. */
const STATEMENTS = 12

const NAMES = ['did', 'handle', 'email'] as const

const objects = hostObjects(env)
const dids = Array.from({ length: 6 }, (_, i) => `did:plc:p${i}`)
const handles = Array.from({ length: 8 }, (_, i) => `h${i}.example.com`)
const emails = Array.from({ length: 7 }, (_, i) => `e${i}@example.com`)
const byOperator = { byOperator: true }

/** What the directory has said, and when: who had which name from when to when, in ms since the epoch. */
class Truth {
  now = new Map<string, HostedAccount>()
  readonly #had: { name: string; did: string; from: number; to: number }[] = []

  /** @param all accounts, as the directory has them */
  note(all: readonly HostedAccount[]): void {
    const names = all.flatMap((one) => NAMES.flatMap((by) => (one[by] ? [[one[by], one.did]] : [])))
    for (const had of this.#had) {
      const goesOn = names.some(([name, did]) => name === had.name && did === had.did)
      if (had.to === Number.POSITIVE_INFINITY && !goesOn) had.to = Date.now()
    }
    for (const [name = '', did = ''] of names) {
      const isKnown = this.#had.some(
        (had) => had.name === name && had.did === did && had.to === Number.POSITIVE_INFINITY,
      )
      if (!isKnown) this.#had.push({ name, did, from: Date.now(), to: Number.POSITIVE_INFINITY })
    }
    this.now = new Map(all.map((one) => [one.did, one]))
  }

  /** DIDs of those who had a name at some time since. */
  whoHad(name: string, since: number): string[] {
    return this.#had.filter((had) => had.name === name && had.to >= since).map(({ did }) => did)
  }

  whoHas(name: string): string | undefined {
    return this.#had.find((had) => had.name === name && had.to === Number.POSITIVE_INFINITY)?.did
  }
}

// Once, as the clock of what is stored does not go back.
beforeAll(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterAll(() => {
  vi.useRealTimers()
})

test.each([
  [1, [1, 3, 1]],
  [2, [3, 2, 3]],
  [3, [2, 4, 1, 4]],
])('with seed %i and %j objects, one after the other', async (seed, numbers) => {
  const random = randomFrom(seed)
  const any = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T
  const truth = new Truth()
  let shards = 1
  /** Isolates of each release that is still at work. */
  let isolates = [new AccountLookup(objects)]
  let [checked, crashes] = [0, 0]

  /** What is done may be broken off; what it came to is asked. */
  async function attempt(work: () => Promise<unknown>): Promise<void> {
    if (random() < 0.3) {
      crashes++
      const stubs = [() => directoryStub(env), ...directoryShardStubs(shards)]
      await crashAfterStatement(any(stubs), 1 + Math.floor(random() * STATEMENTS))
    }
    await work().catch(() => undefined)
    if (random() < 0.5) await crashNow(() => directoryStub(env))
    const all = await again(() => objects.directory.accounts.list(100))
    expect(new Set(all.map(({ handle }) => handle)).size).toBe(all.length)
    truth.note(all)
  }

  /** Asks until no crash comes in between. */
  async function again<T>(ask: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await ask()
      } catch (error) {
        if (tries > 20 || !String(error).includes('crash')) throw error
      }
    }
  }

  async function signUp(): Promise<void> {
    const names = { did: any(dids), handle: any(handles), email: any([...emails, null]) }
    let acknowledged = false
    await attempt(async () => {
      await objects.directory.accounts.reserve(names, undefined, byOperator)
      acknowledged = await objects.directory.accounts.confirm(names)
    })
    if (acknowledged) expect(truth.now.get(names.did)).toEqual(names)
  }

  async function rename(did: string): Promise<void> {
    const handle = any(handles)
    let acknowledged = false
    await attempt(async () => {
      await objects.directory.accounts.setHandle(did, handle, byOperator)
      acknowledged = true
    })
    if (acknowledged) expect(truth.now.get(did)?.handle).toBe(handle)
  }

  async function look(isolate: AccountLookup, name: string): Promise<void> {
    const found = (await again(() => isolate.findByIdentifier(name)))?.did
    const had = truth.whoHad(name, Date.now() - TRUST)
    checked++
    // Nobody else, and where nobody else had it lately, the one who has it.
    if (found !== undefined) expect(had).toContain(found)
    const has = truth.whoHas(name)
    if (has !== undefined) expect(found).toBeDefined()
    if (name.includes('@') || had.every((did) => did === has)) expect(found).toBe(has)
  }

  for (let step = 0; step < STEPS; step++) {
    if (step % Math.ceil(STEPS / numbers.length) === 0) {
      const before = shards
      shards = numbers[Math.floor((step * numbers.length) / STEPS)] ?? 1
      await setDirectoryShards(shards, before)
      const young = [1, 2].map(
        () => new AccountLookup(hostObjects(env, { directoryShards: shards })),
      )
      isolates = [...isolates.slice(-2), ...young]
    }
    const kind = random()
    const did = any(dids)
    if (kind < 0.12) await signUp()
    else if (kind < 0.24) await (truth.now.has(did) ? rename(did) : signUp())
    else if (kind < 0.28) await attempt(() => objects.directory.accounts.setEmail(did, any(emails)))
    else if (kind < 0.32) await attempt(() => objects.directory.accounts.remove(did))
    else if (kind < 0.45) vi.setSystemTime(Date.now() + random() * 3_000)
    else await look(any(isolates), any([...dids, ...handles, ...emails]))
  }
  expect(checked).toBeGreaterThan(STEPS / 3)
  expect(crashes).toBeGreaterThan(STEPS / 40)

  // In the end each name leads to who has it, in an isolate that has just begun.
  vi.setSystemTime(Date.now() + TRUST)
  const lookup = new AccountLookup(hostObjects(env, { directoryShards: shards }))
  for (const name of [...dids, ...handles, ...emails])
    expect((await again(() => lookup.findByIdentifier(name)))?.did).toBe(truth.whoHas(name))
  for (const { did } of truth.now.values())
    await again(() => objects.directory.accounts.remove(did))
  await setDirectoryShards(1, shards)
})
