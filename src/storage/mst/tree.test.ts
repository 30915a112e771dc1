import { createHash } from 'node:crypto'
import { decode } from '@atproto/lex-cbor'
import { type Cid, decodeCid } from '@atproto/lex-data'
import { BlockMap, MemoryBlockstore, MST } from '@atproto/repo'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cidOf } from '../../kernel/cbor/cid.ts'
import { MemorySource } from '../../testing/memory-source.ts'
import { decodeNode, encodeNode } from './codec.ts'
import { keyLayer } from './layer.ts'
import { MalformedTreeError, type Node } from './node.ts'
import { type ChangeKind, collectProof } from './proof.ts'
import { Tree } from './tree.ts'

const value = (n: number) => cidOf(createHash('sha256').update(String(n)).digest())
const asCid = (bytes: Uint8Array): Cid => decodeCid(bytes)

/** Keys of layers from 0 up to 5, so that small trees are high and changes move whole levels. */
const KEYS = (() => {
  const byLayer = new Map<number, string[]>()
  for (let i = 0; i < 60_000; i++) {
    const key = `com.example.${'abcdef'[i % 6]}/${i.toString(36).padStart(5, '0')}`
    const layer = keyLayer(key)
    const keys = byLayer.get(layer) ?? []
    if (keys.length < 12) byLayer.set(layer, [...keys, key])
  }
  return [...byLayer.values()].flat().sort()
})()

type Op = { key: string; value: number | null }
const ops = fc.array(
  fc.record({
    key: fc.constantFrom(...KEYS),
    value: fc.option(fc.nat(1000), { freq: 2 }),
  }),
  { minLength: 1, maxLength: 60 },
)

/** The same tree built by `@atproto/repo`. */
async function rebuilt(records: ReadonlyMap<string, Uint8Array>) {
  const storage = new MemoryBlockstore()
  let tree = await MST.create(storage)
  for (const [key, cid] of records) tree = await tree.add(key, asCid(cid))
  return { tree, root: await tree.getPointer(), blocks: (await tree.getUnstoredBlocks()).blocks }
}

describe('a tree after any history of changes', () => {
  test('is the one that is built from its records at once, and the store holds just that', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(ops, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (batches, reload) => {
          const source = new MemorySource()
          const records = new Map<string, Uint8Array>()
          let tree = new Tree(source)
          for (const batch of batches) {
            if (reload) tree = new Tree(source)
            applyAll(tree, batch, records)
            const sealed = tree.seal()
            source.apply(sealed)
            const expected = await rebuilt(records)
            expect(asCid(sealed.root).toString()).toBe(expected.root.toString())
            const stored = source.nodes.map(
              ({ cid, block }) => [asCid(cid).toString(), block] as const,
            )
            const wanted = expected.blocks
              .entries()
              .map(({ cid, bytes }) => [cid.toString(), new Uint8Array(bytes)] as const)
            expect(new Map(stored)).toEqual(new Map(wanted))
            for (const [key, cid] of records) expect(tree.get(key)).toEqual(cid)
          }
        },
      ),
      { numRuns: 200, seed: 20261121 },
    )
  })

  test('can be undone by somebody who has the proof alone', async () => {
    await fc.assert(
      fc.asyncProperty(ops, ops, async (before, batch) => {
        const source = new MemorySource()
        const records = new Map<string, Uint8Array>()
        const tree = new Tree(source)
        applyAll(tree, before, records)
        const old = tree.seal()
        source.apply(old)
        const was = new Map(records)
        const fresh = new Tree(source)
        applyAll(fresh, batch, records)
        const { root, written } = fresh.seal()

        const changes = [...new Set(batch.map(({ key }) => key))].flatMap((key) => {
          const [from, to] = [was.get(key), records.get(key)]
          if (!from && !to) return []
          const kind: ChangeKind = !to ? 'delete' : from ? 'update' : 'create'
          return [{ key, from, kind }]
        })
        const nodes = new Set<Node>(written.keys())
        for (const { key, kind } of changes) collectProof(fresh, key, kind, nodes)
        const blocks = new BlockMap()
        for (const node of nodes) blocks.set(asCid(node.cid ?? value(0)), encodeNode(node))

        let undone = MST.load(new MemoryBlockstore(blocks), asCid(root))
        for (const { key, from, kind } of changes.reverse()) {
          if (kind === 'create') undone = await undone.delete(key)
          else if (kind === 'delete' && from) undone = await undone.add(key, asCid(from))
          else if (from) undone = await undone.update(key, asCid(from))
        }
        expect((await undone.getPointer()).toString()).toBe(asCid(old.root).toString())
      }),
      { numRuns: 300, seed: 20261121 },
    )
  })
})

function applyAll(tree: Tree, batch: readonly Op[], records: Map<string, Uint8Array>): void {
  for (const { key, value: n } of batch) {
    if (n === null) {
      expect(tree.delete(key)).toBe(records.delete(key))
    } else {
      tree.set(key, value(n))
      records.set(key, value(n))
    }
  }
}

describe('the encoding of nodes', () => {
  test('is plain DAG-CBOR, and comes back', () => {
    const node = {
      left: value(1),
      entries: [
        { key: 'com.example.record/3jqfcqzm3fn2j', value: value(2), right: null },
        { key: 'com.example.record/3jqfcqzm3fo2j', value: value(3), right: value(4) },
        { key: `com.example.record/${'x'.repeat(500)}`, value: value(5), right: null },
      ],
    }
    const block = encodeNode(node)
    expect(decodeNode(block)).toEqual(node)
    const general = decode<{ l: Cid; e: { p: number; k: Uint8Array; v: Cid; t: Cid | null }[] }>(
      block,
    )
    expect(general.l.bytes).toEqual(value(1))
    expect(general.e.map(({ p }) => p)).toEqual([0, 29, 19])
    expect(general.e[1]?.t?.bytes).toEqual(value(4))
  })

  test('has one form only: whatever is changed in a block, it is refused or means something else', () => {
    const node = {
      left: value(1),
      entries: [
        { key: 'com.example.record/a', value: value(2), right: null },
        { key: 'com.example.record/b', value: value(3), right: value(4) },
      ],
    }
    const block = encodeNode(node)
    fc.assert(
      fc.property(fc.nat(block.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
        const damaged = block.slice()
        damaged[index] = (damaged[index] ?? 0) ^ flip
        try {
          expect(encodeNode(decodeNode(damaged))).toEqual(damaged)
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedTreeError)
        }
      }),
      { numRuns: 3000, seed: 20261121 },
    )
    for (let length = 0; length < block.length; length++) {
      expect(() => decodeNode(block.slice(0, length))).toThrow(MalformedTreeError)
    }
    expect(() => decodeNode(new Uint8Array([...block, 0]))).toThrow(MalformedTreeError)
  })
})

test.each([
  // Known answers of the interoperability tests of the protocol.
  ['', 0],
  ['asdf', 0],
  ['blue', 1],
  ['2653ae71', 0],
  ['88bfafc7', 2],
  ['2a92d355', 4],
  ['884976f5', 6],
  ['app.bsky.feed.post/454397e440ec', 4],
  ['app.bsky.feed.post/9adeb165882c', 8],
])('the layer of "%s" is %i', (key, layer) => {
  expect(keyLayer(key)).toBe(layer)
})
