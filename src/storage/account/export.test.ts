/** Exports write each block once, and are one state of the repository. */
import { verifyRepoCar } from '@atproto/repo'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cidString } from '../../kernel/cbor/cid.ts'
import { type AccountParts, DID, record, withAccount } from '../../testing/account-parts.ts'
import { CarReader } from '../car-reader.ts'
import { countRows } from '../sql.ts'
import { exportCar } from './export.ts'
import type { Write } from './writes.ts'

const collection = 'com.example.note'

const write = ({ repo, key }: AccountParts, writes: Write[]) => repo.write(DID, key, { writes })

const put = (rkey: string, text: string): Write => ({
  action: 'put',
  collection,
  rkey,
  record: record(text),
})

const start = ({ sql, repo, snapshots }: AccountParts, since?: string) =>
  exportCar(sql, repo.head(), { since, hold: snapshots.hold() })

const read = async (stream: ReadableStream<Uint8Array>) =>
  new Uint8Array(await new Response(stream).arrayBuffer())

/** CIDs in order, each as often as it comes. */
const cidsIn = (file: Uint8Array) =>
  [...new CarReader().push(file)].map(({ cid }) => cidString(cid))

test('a block goes once, however many records have it, whatever is written meanwhile', () =>
  withAccount(async (parts) => {
    const change = fc.tuple(fc.nat(30), fc.option(fc.nat(5)))
    const changes = fc.array(change, { minLength: 1, maxLength: 20 })
    const apply = (all: [number, number | null][]) =>
      write(
        parts,
        all.map(([n, text]): Write => {
          const rkey = `k${n}`
          return text === null ? { action: 'delete', collection, rkey } : put(rkey, `text ${text}`)
        }),
      )
    await fc.assert(
      fc.asyncProperty(changes, changes, changes, async (first, second, third) => {
        apply(first)
        const { rev } = parts.repo.head()
        const since = apply(second).commit ? rev : ''
        const head = parts.repo.head()
        const expected = await read(start(parts))
        const [whole, newer] = [start(parts), start(parts, since)]
        apply(third)
        expect(await read(whole)).toEqual(expected)

        const cids = cidsIn(expected)
        expect(new Set(cids).size).toBe(cids.length)
        const { creates } = await verifyRepoCar(expected, DID, parts.key.did())
        expect(cids[0]).toBe(cidString(head.cid))
        for (const { cid } of creates) expect(cids).toContain(cid.toString())
        const changed = cidsIn(await read(newer))
        expect(new Set(changed).size).toBe(changed.length)
        expect(cids).toEqual(expect.arrayContaining(changed))
      }),
      { numRuns: 100, seed: 20261126 },
    )
  }))

test('what was written since a rev is there, also where an older record is equal', () =>
  withAccount(async (parts) => {
    write(parts, [put('a', 'equal')])
    const { rev } = parts.repo.head()
    write(parts, [put('b', 'equal'), put('c', 'equal')])
    const cid = cidString(record('equal').cid)
    const cids = cidsIn(await read(start(parts, rev)))
    expect(cids.filter((other) => other === cid)).toEqual([cid])
  }))

test('thousands of equal records in a row are one block', () =>
  withAccount(async (parts) => {
    for (let batch = 0; batch < 60; batch++) {
      write(
        parts,
        Array.from({ length: 200 }, (_, n) => put(`k${batch * 200 + n}`, 'equal')),
      )
    }
    const file = await read(start(parts))
    const cids = cidsIn(file)
    expect(new Set(cids).size).toBe(cids.length)
    expect((await verifyRepoCar(file)).creates).toHaveLength(12_000)
  }))

test('records that are all different cost no more rows than there are blocks', () =>
  withAccount(async (parts) => {
    for (let batch = 0; batch < 10; batch++) {
      write(
        parts,
        Array.from({ length: 200 }, (_, n) => put(`k${batch * 200 + n}`, `${batch} ${n}`)),
      )
    }
    const { sql, take } = countRows(parts.sql)
    const file = await read(start({ ...parts, sql }))
    expect(take().read).toBeLessThan(1.1 * cidsIn(file).length)
  }))
