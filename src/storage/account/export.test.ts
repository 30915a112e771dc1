/** Exports write each block once, and are one state of the repository. */
import { ui8Concat } from '@atproto/lex-data'
import { verifyRepoCar } from '@atproto/repo'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cidString, equalBytes } from '../../kernel/cbor/cid.ts'
import { type AccountParts, DID, record, withAccount } from '../../testing/account-parts.ts'
import { CarReader } from '../car-reader.ts'
import { TreeWalk } from '../mst/walk.ts'
import { countRows } from '../sql.ts'
import type { Write } from './writes.ts'

const collection = 'com.example.note'

const write = ({ repo, key }: AccountParts, writes: Write[]) => repo.write(DID, key, { writes })

const put = (rkey: string, text: string): Write => ({
  action: 'put',
  collection,
  rkey,
  record: record(text),
})

const start = ({ repo }: AccountParts, since?: string) => repo.export(since)

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

test('blocks of every size come in pre-order, also those that are replaced while they are read', () =>
  withAccount(async (parts) => {
    const sizes = [0, 90, 91, 4000, 4050, 4100, 16_384, 70_000]
    for (let batch = 0; batch < 20; batch++) {
      const keys = Array.from({ length: 40 }, (_, n) => batch * 40 + n)
      write(
        parts,
        keys.map((n) => put(`k${n}`, `${n} ${'x'.repeat(sizes[n % sizes.length] ?? 0)}`)),
      )
    }
    const { data } = parts.repo.head()
    const expected = await read(start(parts))
    const reader = start(parts).getReader()
    const { value: begin } = await reader.read()
    for (let n = 0; n < 800; n += 160) {
      write(
        parts,
        Array.from({ length: 160 }, (_, i) => put(`k${n + i}`, 'replaced')),
      )
    }
    const rest: Uint8Array[] = []
    for (let next = await reader.read(); next.value; next = await reader.read()) {
      rest.push(next.value)
    }
    expect(begin?.byteLength).toBeLessThan(expected.byteLength / 10)
    expect(equalBytes(ui8Concat([begin ?? new Uint8Array(), ...rest]), expected)).toBe(true)

    const walk = new TreeWalk(data, () => undefined)
    const [, ...blocks] = new CarReader().push(expected)
    for (const { cid, block } of blocks) {
      const { next } = walk
      expect(cidString(next?.cid ?? new Uint8Array())).toBe(cidString(cid))
      if (next?.key === undefined) walk.enter(block)
      else walk.pass()
    }
    expect(walk.next).toBeUndefined()
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
