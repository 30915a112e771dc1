/** Commits that wait in the journal: whatever happens meanwhile, nobody sees a difference. */
import { decode } from '@atproto/lex-cbor'
import { verifyRepoCar } from '@atproto/repo'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cidString } from '../../kernel/cbor/cid.ts'
import {
  type AccountParts,
  DID,
  evicted,
  record,
  withAccount,
} from '../../testing/account-parts.ts'
import { migrate } from '../migrate.ts'
import { JournalError } from './pending-commits.ts'
import { migrations } from './schema.ts'
import type { Write } from './writes.ts'

const collection = 'com.example.note'
const pathOf = (rkey: string) => `${collection}/${rkey}`

const put = (rkey: string, text: string): Write => ({
  action: 'put',
  collection,
  rkey,
  record: record(text),
})

const write = ({ repo, key }: AccountParts, ...writes: Write[]) => repo.write(DID, key, { writes })

const journaled = ({ sql }: AccountParts) =>
  sql.exec<{ n: number }>('SELECT count(*) AS n FROM journal').one().n

/** What the sequencer has of the account: each event once, in the order in which it came. */
class Received {
  readonly events: { id: number; kind: string; body: Record<string, unknown> }[] = []

  /** Takes the oldest `count` undelivered events, unless the answer is lost. */
  deliver({ repo, outbox }: AccountParts, count: number, isConfirmed = true): number {
    repo.load()
    const events = outbox.peek(1_000_000).slice(0, count)
    for (const { id, kind, body } of events) {
      if (id > (this.events.at(-1)?.id ?? 0)) {
        this.events.push({ id, kind, body: decode(body) as Record<string, unknown> })
      }
    }
    const last = events.at(-1)
    if (last && isConfirmed) outbox.confirm(last.id)
    return events.length
  }
}

type Step =
  | { what: 'put' | 'delete'; rkey: string; text: string }
  | { what: 'settle' | 'evict' | 'tidy' | 'identity' | 'export' | 'fail' }
  | { what: 'deliver' | 'lose'; count: number }

const steps = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        what: fc.constantFrom('put' as const, 'put' as const, 'delete' as const),
        rkey: fc.integer({ min: 0, max: 60 }).map((n) => `k${n}`),
        text: fc.string({ maxLength: 20 }),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        what: fc.constantFrom(
          ...(['settle', 'evict', 'tidy', 'identity', 'export', 'fail'] as const),
        ),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        what: fc.constantFrom('deliver' as const, 'deliver' as const, 'lose' as const),
        count: fc.integer({ min: 1, max: 40 }),
      }),
    },
  ),
  { minLength: 20, maxLength: 120, size: 'max' },
) as fc.Arbitrary<Step[]>

async function verified({ repo, key }: AccountParts): Promise<Map<string, string>> {
  const car = new Uint8Array(await new Response(repo.export()).arrayBuffer())
  const { creates, commit } = await verifyRepoCar(car, DID, key.did())
  expect(commit.rev).toBe(repo.head().rev)
  return new Map(creates.map(({ rkey, cid }) => [pathOf(rkey), cid.toString()]))
}

test('whatever history a repository has, each event is told once and in order, and the tree is that of the records', async () => {
  await fc.assert(
    fc.asyncProperty(steps, (history) =>
      withAccount(async (initial) => {
        let parts = initial
        const model = new Map<string, string>()
        const revs: string[] = []
        const told = new Received()
        for (const step of history) {
          switch (step.what) {
            case 'put': {
              const { commit } = write(parts, put(step.rkey, step.text))
              model.set(pathOf(step.rkey), cidString(record(step.text).cid))
              if (commit) revs.push(commit.rev)
              break
            }
            case 'delete': {
              const { commit } = write(parts, { action: 'delete', collection, rkey: step.rkey })
              model.delete(pathOf(step.rkey))
              if (commit) revs.push(commit.rev)
              break
            }
            case 'settle':
              parts.repo.settle()
              break
            case 'tidy':
              parts.repo.tidy()
              parts.outbox.removeDelivered()
              break
            case 'evict':
              parts = evicted(parts)
              break
            case 'identity':
              parts.store.tellIdentity()
              break
            case 'fail':
              expect(() =>
                write(parts, put('new', 'x'), {
                  action: 'update',
                  collection,
                  rkey: 'nobody',
                  record: record('x'),
                }),
              ).toThrow('Could not locate record')
              break
            case 'export':
              expect(await verified(parts)).toEqual(model)
              break
            default:
              told.deliver(parts, step.count, step.what === 'deliver')
          }
          for (const [path, cid] of model) {
            const found = parts.repo.records.getByPath(path)
            if (!found || cidString(found.cid) !== cid) expect.unreachable(`${path} is lost`)
          }
        }
        expect(await verified(parts)).toEqual(model)
        expect(await verified(evicted(parts))).toEqual(model)
        while (told.deliver(parts, 7) > 0);
        const commits = told.events.filter(({ kind }) => kind === '#commit')
        expect(commits.map(({ body }) => body.rev)).toEqual(revs)
        for (const [index, { body }] of commits.entries()) {
          if (index > 0) expect(body.since).toBe(revs[index - 1])
        }
        const ids = told.events.map(({ id }) => id)
        expect(ids).toEqual(ids.map((_, index) => (ids[0] ?? 0) + index))
        parts.repo.tidy()
        parts.outbox.removeDelivered()
        expect(evicted(parts).outbox.isEmpty()).toBe(true)
      }),
    ),
    { numRuns: 50 },
  )
})

describe('commits that wait', () => {
  test('are written to the tables together when there are 32 of them that were told', () =>
    withAccount((parts) => {
      const told = new Received()
      for (let n = 0; n < 32; n++) {
        write(parts, put(`k${n}`, `${n}`))
        told.deliver(parts, 1)
      }
      expect(journaled(parts)).toBe(32)
      write(parts, put('one more', 'x'))
      expect(journaled(parts)).toBe(1)
    }))

  test('wait no longer than until there are 64 of them, told or not', () =>
    withAccount((parts) => {
      for (let n = 0; n < 200; n++) write(parts, put(`k${n}`, `${n}`))
      expect(journaled(parts)).toBeLessThanOrEqual(64)
      expect(new Received().deliver(parts, 1000)).toBeGreaterThan(0)
    }))

  test('come before what is announced after them', () =>
    withAccount((parts) => {
      const told = new Received()
      while (told.deliver(parts, 10) > 0);
      const before = told.events.length
      write(parts, put('a', '1'))
      parts.store.tellIdentity()
      write(parts, put('b', '2'))
      while (told.deliver(parts, 10) > 0);
      const kinds = told.events.slice(before).map(({ kind }) => kind)
      expect(kinds).toEqual(['#commit', '#identity', '#commit'])
    }))

  test('that do not fit the records beside them are refused aloud, and nothing is signed on top of them', () =>
    withAccount((parts) => {
      write(parts, put('a', '1'))
      parts.sql.exec('DELETE FROM record WHERE path = ?', pathOf('a'))
      const { repo, key } = evicted(parts)
      expect(() => repo.head()).toThrow(JournalError)
      expect(() => repo.write(DID, key, { writes: [put('b', '2')] })).toThrow(JournalError)
      expect(() => repo.export()).toThrow(JournalError)
    }))

  test('are seen by whoever reads, in whatever way, after the object was evicted', () =>
    withAccount(async (parts) => {
      write(parts, put('a', '1'))
      write(parts, put('b', '2'))
      const { commit } = write(parts, put('c', '3'))
      const { cid } = parts.repo.head()
      const node = parts.repo.head().data
      const reads: ((repo: AccountParts['repo'], all: AccountParts) => unknown)[] = [
        (repo) => expect(repo.head().rev).toBe(commit?.rev),
        (repo) => expect(repo.headStrings().cid).toBe(cidString(cid)),
        (repo) =>
          expect(cidString(repo.records.get(collection, 'c').cid)).toBe(cidString(record('3').cid)),
        (repo) =>
          expect(repo.records.scan(collection, '').records.map(({ rkey }) => rkey)).toEqual([
            'a',
            'b',
            'c',
          ]),
        (repo) => expect(repo.records.collections()).toEqual([collection]),
        (repo) => expect(repo.counts().records).toBe(3),
        (repo) => expect(repo.recount()).toBeUndefined(),
        (repo) => expect(repo.getBlocks([cid, record('3').cid, node].map(cidString))).toBeTruthy(),
        (repo) => expect(repo.proveRecord(pathOf('c')).byteLength).toBeGreaterThan(0),
        async (_, all) => expect((await verified(all)).size).toBe(3),
        (_, all) => expect(all.outbox.isEmpty()).toBe(false),
        (repo, all) => {
          repo.load()
          expect(all.outbox.peek(1_000_000).map(({ kind }) => kind)).toEqual(
            Array(3).fill('#commit'),
          )
        },
      ]
      for (const read of reads) {
        const next = evicted(parts)
        await read(next.repo, next)
      }
    }))

  test('follow those of a release that had no journal, whose events are not delivered', () =>
    withAccount(async (parts) => {
      const { sql, storage } = parts
      write(parts, put('a', '1'))
      parts.repo.settle()
      const at = migrations.findIndex((statements) => statements.includes('CREATE TABLE journal'))
      sql.exec('DROP TABLE journal')
      sql.exec('UPDATE schema_version SET version = ?', at)
      expect(sql.exec('SELECT id FROM outbox').toArray()).toHaveLength(1)
      expect(migrate(storage, migrations)).toBe(at)
      const next = evicted(parts)
      write(next, put('b', '2'))
      const told = new Received()
      while (told.deliver(next, 1) > 0);
      expect(told.events.map(({ kind }) => kind)).toEqual(['#commit', '#commit'])
      expect((await verified(next)).size).toBe(2)
    }))
})
