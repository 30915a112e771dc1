/** What an account stores is counted with each change, and refused beyond its quota. */
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { Quota } from '../../kernel/quota.ts'
import { BlobIndex } from '../../storage/account/blobs.ts'
import { countRepo } from '../../storage/account/counts.ts'
import { readImport } from '../../storage/account/import.ts'
import { Outbox } from '../../storage/account/outbox.ts'
import { Repo } from '../../storage/account/repo.ts'
import { firstPiece, furtherPieces } from '../../storage/account/split-blocks.ts'
import type { EncodedRecord, Write } from '../../storage/account/writes.ts'
import { StorageError } from '../../storage/error.ts'
import { countRows, insertRows } from '../../storage/sql.ts'
import { type AccountParts, DID, record, withAccount } from '../../testing/account-parts.ts'
import { AccountQuota } from './quota.ts'

const NONE: Quota = { records: 0, repositoryBytes: 0, blobBytes: 0, uploads: 0, uploadBytes: 0 }

const collection = 'com.example.note'
const create = (rkey: string, of: EncodedRecord = record(rkey)): Write => ({
  action: 'create',
  collection,
  rkey,
  record: of,
})

const write = ({ repo, key }: AccountParts, writes: Write[], quota?: Partial<Quota>) =>
  repo.write(DID, key, { writes }, quota && { quota: { ...NONE, ...quota } })

const quotaOf = ({ core, store, blobIndex }: AccountParts, info: () => void = vi.fn()) =>
  new AccountQuota(core, store, blobIndex, () => ({ info }))

const blob = (name: string, size: number) => ({
  cid: `bafk${name}`,
  key: `key-${Math.random()}`,
  mimeType: 'image/png',
  size,
})

const refused = (name: string) => expect.objectContaining({ name })
const rows = ({ sql }: AccountParts) =>
  ['head', 'record', 'node', 'blob', 'record_blob', 'blob_usage', 'outbox'].map((table) =>
    sql.exec(`SELECT * FROM ${table}`).toArray(),
  )

async function importOf(parts: AccountParts, car: ReadableStream<Uint8Array>, quota?: Quota) {
  const { sql, repo, key } = parts
  const imported = await readImport(sql, car, {
    did: DID,
    signingKeys: [key.did()],
    after: repo.head().rev,
    maxSize: 1e9,
    ...(quota && { quota }),
  })
  repo.replace(DID, key, imported, true, quota)
}

const exported = async ({ repo }: AccountParts) =>
  new Uint8Array(await new Response(repo.export()).arrayBuffer())

const streamOf = (bytes: Uint8Array) =>
  new ReadableStream({
    type: 'bytes',
    start(controller: ReadableByteStreamController) {
      controller.enqueue(bytes.slice())
      controller.close()
    },
  })

describe('after any changes the counts equal a recount', () => {
  const rkey = fc.integer({ min: 0, max: 40 }).map((n) => `k${n}`)
  const size = fc.integer({ min: 0, max: 3000 })
  const cid = fc.integer({ min: 0, max: 5 })
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('write' as const),
      puts: fc.array(fc.tuple(rkey, size, fc.option(cid)), { minLength: 1, maxLength: 8 }),
      deletes: fc.array(rkey, { maxLength: 4 }),
    }),
    fc.record({ kind: fc.constant('upload' as const), cid }),
    fc.record({ kind: fc.constant('expire' as const) }),
    fc.record({ kind: fc.constant('export' as const) }),
    fc.record({ kind: fc.constant('import' as const) }),
    fc.record({ kind: fc.constant('fail' as const), rkey }),
    fc.record({ kind: fc.constant('restart' as const) }),
  )

  test('of writes, deletions, uploads, imports of what was exported before, failures and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), (steps) =>
        withAccount(async (parts) => {
          let car: Uint8Array | undefined
          for (const one of steps) {
            if (one.kind === 'write') {
              const puts = one.puts.map(([rkey, size, of]): Write => {
                const ref = blob(String(of), 100 + (of ?? 0))
                const known =
                  of !== null &&
                  parts.sql.exec('SELECT 1 FROM blob WHERE cid = ?', ref.cid).toArray().length > 0
                return {
                  action: 'put',
                  collection,
                  rkey,
                  record: record('x'.repeat(size), known ? [ref] : []),
                }
              })
              const deletes = one.deletes.map(
                (rkey): Write => ({ action: 'delete', collection, rkey }),
              )
              write(parts, [...puts, ...deletes])
            } else if (one.kind === 'upload') {
              parts.blobIndex.add(blob(String(one.cid), 100 + one.cid))
            } else if (one.kind === 'expire') parts.blobIndex.expire(Date.now() + 1e9)
            else if (one.kind === 'export') car = await exported(parts)
            else if (one.kind === 'import' && car) await importOf(parts, streamOf(car))
            else if (one.kind === 'fail') {
              const failing = vi.spyOn(parts.outbox, 'remember').mockImplementationOnce(() => {
                throw new StorageError('InvalidRequest', 'not now')
              })
              const put = {
                ...create(one.rkey, record(`${Math.random()}`)),
                action: 'put',
              } as Write
              expect(() => write(parts, [put])).toThrow('not now')
              failing.mockRestore()
            } else if (one.kind === 'restart') parts.repo.clearCache()
            parts.repo.settle()
            expect(parts.repo.head().counts).toEqual(countRepo(parts.sql))
            expect(parts.blobIndex.usage.recount()).toBeUndefined()
          }
        }),
      ),
      { numRuns: 40 },
    )
  })

  test('of a record in several pieces that is imported, updated and deleted', () =>
    withAccount(async (parts) => {
      write(parts, [create('a'), create('b')])
      parts.repo.settle()
      const large = record('x'.repeat(4_000_000))
      parts.sql.exec(
        'UPDATE record SET cid = ?, block = ? WHERE path = ?',
        large.cid,
        firstPiece(large.block),
        `${collection}/a`,
      )
      insertRows(parts.sql, 'INSERT INTO block_part (cid, part, bytes)', [
        ...furtherPieces(large.cid, large.block),
      ])
      parts.sql.exec('UPDATE head SET bytes = NULL')
      parts.repo.clearCache()
      const before = parts.repo.stored().repositoryBytes
      expect(before).toBeGreaterThan(4_000_000)
      write(parts, [{ action: 'update', collection, rkey: 'a', record: record('small') }])
      expect(parts.repo.stored().repositoryBytes).toBeLessThan(1000)
      parts.repo.settle()
      expect(parts.repo.head().counts).toEqual(countRepo(parts.sql))
    }))
})

describe('a write beyond the quota', () => {
  test('is refused whole, and leaves nothing behind; what does not grow goes on', () =>
    withAccount((parts) => {
      write(parts, [create('a'), create('b')])
      const before = rows(parts)
      const quota = { records: 2 }
      expect(() => write(parts, [create('c')], quota)).toThrow(refused('QuotaExceeded'))
      expect(() =>
        write(
          parts,
          [{ action: 'delete', collection, rkey: 'a' }, create('c'), create('d')],
          quota,
        ),
      ).toThrow('This account may have 2 records on this host, and has 2.')
      expect(rows(parts)).toEqual(before)
      write(parts, [{ action: 'update', collection, rkey: 'a', record: record('z') }], quota)
      write(parts, [{ action: 'delete', collection, rkey: 'a' }, create('c')], quota)
      write(parts, [{ action: 'delete', collection, rkey: 'b' }], quota)
      write(parts, [create('d')], quota)
      expect(parts.repo.stored().records).toBe(2)
    }))

  test('in bytes: neither a new record nor one that grows, but one that shrinks', () =>
    withAccount((parts) => {
      write(parts, [create('a', record('x'.repeat(5000)))])
      const quota = { repositoryBytes: parts.repo.stored().repositoryBytes - 1000 }
      const update = (length: number): Write[] => [
        { action: 'update', collection, rkey: 'a', record: record('x'.repeat(length)) },
      ]
      expect(() => write(parts, [create('b')], quota)).toThrow(refused('QuotaExceeded'))
      expect(() => write(parts, update(5001), quota)).toThrow(refused('QuotaExceeded'))
      write(parts, update(4500), quota)
      write(parts, update(10), quota)
      write(parts, update(3000), quota)
    }))

  test('costs no row more than without', () =>
    withAccount((parts) => {
      write(
        parts,
        Array.from({ length: 100 }, (_, n) => create(`k${n}`)),
      )
      const { storage, snapshots } = parts
      const counter = countRows(parts.sql)
      const { sql } = counter
      const [outbox, blobs] = [new Outbox(sql), new BlobIndex(sql)]
      const repo = new Repo({ storage, sql, outbox, blobs, snapshots })
      const cost = (one: Write, quota?: Partial<Quota>) => {
        repo.settle()
        repo.clearCache()
        repo.head()
        counter.take()
        write({ ...parts, repo }, [one], quota)
        return counter.take()
      }
      const quota = { records: 1000, repositoryBytes: 1e9 }
      const remove: Write = { action: 'delete', collection, rkey: 'n1' }
      const free = cost(create('n1'))
      const deletion = cost(remove, quota)
      expect(cost(create('n1'), quota)).toEqual(free)
      const update = (text: string): Write => ({
        action: 'update',
        collection,
        rkey: 'n1',
        record: record(text),
      })
      // A row of the record, one of its index, one of the journal.
      expect(free).toMatchObject({ written: 3 })
      expect(deletion).toMatchObject({ written: 2 })
      expect(cost(update('x'), quota)).toMatchObject({ read: free.read + 1, written: 3 })
    }))

  test('an account of a release that did not count bytes is counted once, at its first limited write', () =>
    withAccount((parts) => {
      write(parts, [create('a'), create('b')])
      parts.repo.settle()
      parts.sql.exec('UPDATE head SET bytes = NULL')
      parts.repo.clearCache()
      expect(() => write(parts, [create('c')], { records: 2 })).toThrow(refused('QuotaExceeded'))
      write(parts, [create('c')], { records: 3 })
      parts.repo.settle()
      expect(parts.repo.head().counts).toEqual(countRepo(parts.sql))
    }))
})

describe('an import beyond the quota', () => {
  test('is refused, and the repository stays as it was', () =>
    withAccount(async (parts) => {
      write(parts, [create('a'), create('b'), create('c')])
      const car = await exported(parts)
      write(parts, [{ action: 'delete', collection, rkey: 'c' }])
      parts.repo.settle()
      const before = rows(parts)
      for (const quota of [
        { records: 2 },
        { repositoryBytes: parts.repo.stored().repositoryBytes },
      ]) {
        await expect(importOf(parts, streamOf(car), { ...NONE, ...quota })).rejects.toMatchObject({
          name: 'QuotaExceeded',
          status: 400,
        })
        expect(rows(parts)).toEqual(before)
      }
      await importOf(parts, streamOf(car), { ...NONE, records: 3 })
      expect(parts.repo.stored().records).toBe(3)
    }))
})

describe('an upload beyond the quota', () => {
  test('is refused; the same bytes once more are not, and removing makes room', () =>
    withAccount((parts) => {
      const { blobIndex } = parts
      const quota = { ...NONE, blobBytes: 250 }
      blobIndex.add(blob('a', 100), quota)
      blobIndex.add(blob('b', 150), quota)
      const before = rows(parts)
      expect(() => blobIndex.add(blob('c', 1), quota)).toThrow(refused('QuotaExceeded'))
      expect(rows(parts)).toEqual(before)
      blobIndex.add(blob('a', 100), quota)
      blobIndex.expire(Date.now() + 1e9)
      expect(blobIndex.usage.get()).toMatchObject({ blobs: 0, bytes: 0, uploads: 3 })
      blobIndex.add(blob('c', 250), quota)
    }))

  test('in number or bytes a day is refused until the day is over', () =>
    withAccount(({ blobIndex }) => {
      const day = { ...NONE, uploads: 2, uploadBytes: 300 }
      const now = Date.now()
      vi.useFakeTimers({ now, toFake: ['Date'] })
      try {
        blobIndex.add(blob('a', 200), day)
        expect(() => blobIndex.add(blob('b', 101), day)).toThrow(
          expect.objectContaining({
            name: 'RateLimitExceeded',
            status: 429,
            rateLimit: expect.objectContaining({ resetAt: now + 86_400_000, exceeded: true }),
          }),
        )
        blobIndex.add(blob('c', 100), day)
        expect(() => blobIndex.usage.assertMayUpload(day)).toThrow(refused('RateLimitExceeded'))
        vi.setSystemTime(now + 86_400_000)
        blobIndex.add(blob('d', 300), day)
      } finally {
        vi.useRealTimers()
      }
    }))
})

test('a wrong count is found, mended and logged', () =>
  withAccount((parts) => {
    write(parts, [create('a')])
    parts.blobIndex.add(blob('a', 70))
    const info: () => void = vi.fn()
    const quota = quotaOf(parts, info)
    expect(quota.recount()).toEqual([])
    parts.sql.exec('UPDATE head SET records = 7; UPDATE blob_usage SET bytes = 1')
    parts.repo.clearCache()
    expect(quota.recount()).toMatchObject([
      { what: 'repository', before: { records: 7 }, after: { records: 1 } },
      { what: 'blobs', before: { bytes: 1 }, after: { bytes: 70 } },
    ])
    expect(info).toHaveBeenCalledTimes(2)
    expect(quota.recount()).toEqual([])
    expect(parts.repo.stored().records).toBe(1)
  }))

test('the operator sets other limits for one account, and takes them back', () =>
  withAccount((parts) => {
    const quota = quotaOf(parts)
    quota.change({ records: 5 })
    expect(quota.override()).toEqual({ records: 5 })
    expect(parts.core.quota()).toEqual({ ...parts.config.quota, records: 5 })
    // What is not named stays, also when somebody else changes it at the same time.
    expect(quota.change({ blobBytes: 7 })).toEqual({ records: 5, blobBytes: 7 })
    quota.change({ records: null, blobBytes: null })
    expect(parts.core.quota()).toEqual(parts.config.quota)
  }))
