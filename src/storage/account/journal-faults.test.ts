/**
 * Commits that wait, beside all that else happens to a repository, with statements that fail in the middle: what fails has
 * not happened, and what has happened is told, proven and exported as ever.
 */
import { env } from 'cloudflare:workers'
import { decode } from '@atproto/lex-cbor'
import { type Cid, parseCid } from '@atproto/lex-data'
import {
  def,
  MemoryBlockstore,
  MST,
  readCar,
  readCarWithRoot,
  verifyProofs,
  verifyRepoCar,
} from '@atproto/repo'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cidString } from '../../kernel/cbor/cid.ts'
import { SigningKey } from '../../kernel/crypto/signing-key.ts'
import {
  type AccountParts,
  DID,
  evicted,
  record,
  withAccount,
} from '../../testing/account-parts.ts'
import { CarReader } from '../car-reader.ts'
import { readImport } from './import.ts'
import { dropStaging } from './staging.ts'
import type { Write } from './writes.ts'

const RUNS = (env as { CUMULUS_LONG?: string }).CUMULUS_LONG === undefined ? 15 : 1000

const COLLECTIONS = ['com.example.note', 'com.example.note.x', 'com.example.notes']
const KEYS = 40

/** A statement failed, as on a disk that is gone. */
class Broken extends Error {}

const change = fc.record({
  collection: fc.constantFrom(...COLLECTIONS),
  rkey: fc.nat(KEYS).map((n) => `k${n}`),
  text: fc.option(fc.nat(8), { freq: 3 }),
  // Larger than what waits, than what is packed in an export, and about that.
  length: fc.oneof({ weight: 15, arbitrary: fc.constant(0) }, fc.constantFrom(70_000, 5000, 4060)),
})
const simple = [
  'finish',
  'settle',
  'tidy',
  'evict',
  'identity',
  'prove',
  'blocks',
  'rekey',
  'toggle',
  'import',
  'recount',
] as const

const step = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({
      what: fc.constant('write' as const),
      changes: fc.array(change, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('write' as const),
      changes: fc.array(change, { minLength: 15, maxLength: 30 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant('deliver' as const),
      count: fc.integer({ min: 1, max: 40 }),
      isLost: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constant('export' as const), isBegun: fc.boolean() }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ what: fc.constant('break' as const), after: fc.nat(40) }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constantFrom(...simple) }) },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

const read = async (stream: ReadableStream<Uint8Array>) =>
  new Uint8Array(await new Response(stream).arrayBuffer())

const blocksIn = (car: Uint8Array) =>
  new Map([...new CarReader().push(car)].map(({ cid, block }) => [cidString(cid), block.slice()]))

interface Told {
  id: number
  kind: string
  body: Record<string, unknown>
}

/** One repository, and what it should be. */
class History {
  parts: AccountParts
  broken = 0
  readonly #first: SigningKey
  #key: SigningKey
  #isActive = true
  readonly #model = new Map<string, string>()
  readonly #told: Told[] = []
  readonly #saved: { rev: string; car: Uint8Array }[] = []
  #exports: {
    reader: ReadableStreamDefaultReader<Uint8Array>
    got: Uint8Array[]
    whole: Uint8Array
  }[] = []
  /** Statements until one fails. */
  #statements = Number.POSITIVE_INFINITY

  constructor(parts: AccountParts) {
    const sql = new Proxy(parts.sql, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          if (name === 'exec') this.#count()
          return Reflect.apply(value, target, args)
        }
      },
    })
    this.parts = evicted({ ...parts, sql })
    this.#first = parts.key
    this.#key = parts.key
  }

  async begin(): Promise<void> {
    await this.#save()
  }

  /** Takes a step. What fails in it because of a broken statement must have changed nothing. */
  async take(step: Step): Promise<void> {
    try {
      await this.#take(step)
    } catch (error) {
      if (!(error instanceof Broken)) throw error
      this.broken++
      await this.#dropExports()
    }
    await this.#unbroken(() => {
      for (const [path, cid] of this.#model) {
        const found = this.parts.repo.records.getByPath(path)
        expect(found && cidString(found.cid), `${path} after ${step.what}`).toBe(cid)
      }
    })
  }

  /** What must hold in the end. */
  async check(): Promise<void> {
    this.#statements = Number.POSITIVE_INFINITY
    await this.#finishExports()
    await this.#verify()
    this.parts = evicted(this.parts)
    await this.#verify()
    while (this.#deliver(7) > 0);
    await this.#checkEvents()
  }

  async #take(step: Step): Promise<void> {
    const { repo, store, outbox } = this.parts
    switch (step.what) {
      case 'write':
        return this.#write(step.changes)
      case 'deliver':
        this.#deliver(step.count, step.isLost)
        return
      case 'break':
        this.#statements = step.after
        return
      case 'export':
        return this.#export(step.isBegun)
      case 'finish':
        await this.#finishExports()
        await this.#verify()
        return this.#save()
      case 'settle':
        return repo.settle()
      case 'tidy':
        repo.tidy()
        return outbox.removeDelivered()
      case 'evict':
        await this.#dropExports()
        this.parts = evicted(this.parts)
        return
      case 'identity':
        return store.tellIdentity()
      case 'recount':
        expect(repo.recount()).toBeUndefined()
        return
      case 'rekey': {
        const key = SigningKey.fromBytes(crypto.getRandomValues(new Uint8Array(32)))
        store.changeKey(key, new Uint8Array(1))
        this.#key = key
        return
      }
      case 'toggle':
        if (this.#isActive) store.deactivate(null)
        else store.activate()
        this.#isActive = !this.#isActive
        return
      case 'prove':
        return this.#prove()
      case 'blocks':
        return this.#getBlocks()
      case 'import':
        return this.#import()
    }
  }

  #write(changes: (typeof change extends fc.Arbitrary<infer C> ? C : never)[]): void {
    // Who is switched off does not write.
    if (!this.#isActive) return
    const writes = new Map<string, Write>()
    for (const { collection, rkey, text, length } of changes) {
      const at = { collection, rkey }
      const write: Write =
        text === null
          ? { action: 'delete', ...at }
          : { action: 'put', ...at, record: record(`${text}${'x'.repeat(length)}`) }
      writes.set(`${collection}/${rkey}`, write)
    }
    this.parts.repo.write(DID, this.#key, { writes: [...writes.values()] })
    for (const [path, write] of writes) {
      if (write.action === 'delete') this.#model.delete(path)
      else this.#model.set(path, cidString(write.record.cid))
    }
  }

  /** Hands over events, and maybe some more before those are acknowledged. @returns how many */
  #deliver(count: number, isLost = false): number {
    const { repo, outbox } = this.parts
    repo.load()
    const events = outbox.peek(1_000_000).slice(0, count)
    const sent = events.at(-1)?.id
    if (sent !== undefined && count % 2 === 0) {
      events.push(...outbox.peek(1_000_000, sent).slice(0, count))
    }
    for (const { id, kind, body } of events) {
      if (id <= (this.#told.at(-1)?.id ?? 0)) continue
      this.#told.push({ id, kind, body: decode(body) as Record<string, unknown> })
    }
    const last = events.at(-1)
    if (last && !isLost) outbox.confirm(last.id)
    return events.length
  }

  /** Begins an export, which has to come to what it is now. */
  async #export(isBegun: boolean): Promise<void> {
    if (this.#exports.length > 3) return
    const { repo } = this.parts
    const reader = repo.export().getReader()
    const got: Uint8Array[] = []
    this.#exports.push({ reader, got, whole: await read(repo.export()) })
    const { value } = isBegun ? await reader.read() : {}
    if (value) got.push(value)
  }

  async #finishExports(): Promise<void> {
    for (const { reader, got, whole } of this.#exports) {
      for (let next = await reader.read(); next.value; next = await reader.read()) {
        got.push(next.value)
      }
      expect(Buffer.compare(Buffer.concat(got), whole)).toBe(0)
    }
    this.#exports = []
  }

  async #dropExports(): Promise<void> {
    for (const { reader } of this.#exports) await reader.cancel().catch(() => undefined)
    this.#exports = []
  }

  async #save(): Promise<void> {
    const { repo } = this.parts
    this.#saved.push({ rev: repo.head().rev, car: await read(repo.export()) })
  }

  /** The repository is the model, and with what was saved before what changed since is all of it. */
  async #verify(): Promise<void> {
    const { repo } = this.parts
    const car = await read(repo.export())
    const { creates, commit } = await verifyRepoCar(car, DID, this.#key.did())
    expect(commit.rev).toBe(repo.head().rev)
    expect(new Map(creates.map((found) => [pathOf(found), String(found.cid)]))).toEqual(this.#model)
    const now = [...blocksIn(car).keys()]
    for (const { rev, car: before } of this.#saved.slice(-5)) {
      const newer = blocksIn(await read(repo.export(rev)))
      expect(now).toEqual(expect.arrayContaining([...newer.keys()]))
      const known = blocksIn(before)
      expect(now.filter((cid) => !newer.has(cid) && !known.has(cid))).toEqual([])
    }
  }

  async #prove(): Promise<void> {
    for (let n = 0; n <= KEYS; n += 7) {
      const [collection, rkey] = [COLLECTIONS[n % COLLECTIONS.length] ?? '', `k${n}`]
      const cid = this.#model.get(`${collection}/${rkey}`)
      const proof = this.parts.repo.proveRecord(`${collection}/${rkey}`)
      if (cid) expect(blocksIn(proof).has(cid)).toBe(true)
      const claim = { collection, rkey, cid: cid === undefined ? null : parseCid(cid) }
      const { unverified } = await verifyProofs(proof, [claim], DID, this.#key.did())
      expect(unverified).toEqual([])
    }
  }

  async #getBlocks(): Promise<void> {
    const all = blocksIn(await read(this.parts.repo.export()))
    const { blocks } = await readCar(this.parts.repo.getBlocks([...all.keys()]))
    expect(blocks.size).toBe(all.size)
    for (const [cid, block] of all) {
      expect(Buffer.compare(blocks.get(parseCid(cid)) ?? new Uint8Array(), block)).toBe(0)
    }
  }

  /** Puts an earlier state back, as an import of it does. */
  async #import(): Promise<void> {
    const { repo, sql, snapshots } = this.parts
    const { car } = this.#saved[Math.floor(this.#saved.length / 2)] ?? {}
    const { rev: after } = repo.head()
    const signingKeys = [this.#first.did(), this.#key.did()]
    const options = { did: DID, signingKeys, after, maxSize: Number.POSITIVE_INFINITY }
    try {
      const verified = await readImport(sql, new Blob([car ?? '']).stream(), options)
      repo.replace(DID, this.#key, verified, this.#isActive)
    } catch (error) {
      // Signed with a key in between.
      if (String(error).includes('not signed with the key')) return
      if (!(error instanceof Broken)) throw error
      if (await this.#unbroken(() => repo.head().rev === after)) throw error
      // It was done by then.
      await this.#unbroken(() => snapshots.breakExports())
    } finally {
      await this.#unbroken(() => dropStaging(sql))
    }
    await this.#unbroken(async () => {
      await this.#dropExports()
      const { creates } = await verifyRepoCar(await read(repo.export()), DID, this.#key.did())
      this.#model.clear()
      for (const found of creates) this.#model.set(pathOf(found), String(found.cid))
    })
  }

  /** Each event was told once, in order, and undone it leads to what was before. */
  async #checkEvents(): Promise<void> {
    const ids = this.#told.map(({ id }) => id)
    expect(ids).toEqual(ids.map((_, index) => (ids[0] ?? 0) + index))
    let known: { rev: string; data: string } | undefined
    for (const { kind, body } of this.#told) {
      if (kind !== '#commit' && kind !== '#sync') continue
      const { root, blocks } = await readCarWithRoot(body.blocks as Uint8Array)
      const commit = def.commit.schema.parse(decode(blocks.get(root) ?? new Uint8Array()))
      expect(commit.rev).toBe(body.rev)
      if (kind === '#commit') {
        const prevData = String(body.prevData)
        if (known) expect({ rev: body.since, data: prevData }).toEqual(known)
        let tree = MST.load(new MemoryBlockstore(blocks), commit.data)
        const ops = body.ops as { action: string; path: string; cid: Cid | null; prev?: Cid }[]
        for (const { action, path, cid, prev } of ops.toReversed()) {
          if (action === 'create') tree = await tree.delete(path)
          else if (action === 'delete' && prev) tree = await tree.add(path, prev)
          else if (prev) tree = await tree.update(path, prev)
          if (cid) expect(blocks.has(cid)).toBe(true)
        }
        expect(String(await tree.getPointer())).toBe(prevData)
      }
      known = { rev: commit.rev, data: String(commit.data) }
    }
    if (known && this.#isActive) expect(known.rev).toBe(this.parts.repo.head().rev)
  }

  #count(): void {
    if (--this.#statements >= 0) return
    this.#statements = Number.POSITIVE_INFINITY
    throw new Broken('a statement failed')
  }

  async #unbroken<T>(work: () => Promise<T> | T): Promise<T> {
    const statements = this.#statements
    this.#statements = Number.POSITIVE_INFINITY
    try {
      return await work()
    } finally {
      this.#statements = statements
    }
  }
}

const pathOf = ({ collection, rkey }: { collection: string; rkey: string }) =>
  `${collection}/${rkey}`

test('whatever fails in the middle of whatever happens, what has happened is told once, proven and exported', async () => {
  let broken = 0
  const histories = fc.array(step, { minLength: 20, maxLength: 120, size: 'max' })
  await fc.assert(
    fc.asyncProperty(histories, (steps) =>
      withAccount(async (parts) => {
        const history = new History(parts)
        await history.begin()
        for (const step of steps) await history.take(step)
        await history.check()
        broken += history.broken
      }),
    ),
    { numRuns: RUNS, endOnFailure: true },
  )
  expect(broken).toBeGreaterThan(RUNS)
}, 900_000)
