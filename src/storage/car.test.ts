import { encode } from '@atproto/lex-cbor'
import { readCarWithRoot } from '@atproto/repo'
import { expect, test } from 'vitest'
import { cidOf } from '../kernel/cbor/cid.ts'
import { type CarBlock, carFile } from './car.ts'
import { CarReader } from './car-reader.ts'

const blockOf = (value: string): CarBlock => {
  const block = encode({ value })
  return [cidOf(block), block]
}

test('a block that comes several times is in the file once, where it came first', async () => {
  const [a, b, c] = [blockOf('a'.repeat(1000)), blockOf('b'), blockOf('c')]
  const file = carFile(a[0], [a, b, ...Array<CarBlock>(100).fill(blockOf('a'.repeat(1000))), c, b])
  expect(file).toEqual(carFile(a[0], [a, b, c]))
  const { blocks } = await readCarWithRoot(file)
  expect(blocks.size).toBe(3)
})

const carBytes = ([cid, block]: CarBlock): string => Buffer.concat([cid, block]).toString('hex')

test('a file that comes in pieces gives the same blocks, each plain bytes', () => {
  const blocks = Array.from({ length: 30 }, (_, at) => blockOf(`${at} ${'x'.repeat(at * 10)}`))
  const [[root] = [null]] = blocks
  const file = carFile(root, blocks)
  for (const size of [1, 7, 100, 1000, file.byteLength]) {
    const reader = new CarReader()
    const found: CarBlock[] = []
    for (let at = 0; at < file.byteLength; at += size) {
      for (const { cid, block } of reader.push(file.subarray(at, at + size))) {
        // Parts of a Buffer are slow to make.
        expect(Object.getPrototypeOf(block)).toBe(Uint8Array.prototype)
        found.push([cid.slice(), block.slice()])
      }
    }
    reader.end()
    expect(found.map(carBytes)).toEqual(blocks.map(carBytes))
  }
})
