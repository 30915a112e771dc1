import { encode } from '@atproto/lex-cbor'
import { readCarWithRoot } from '@atproto/repo'
import { expect, test } from 'vitest'
import { cidOf } from '../kernel/cbor/cid.ts'
import { type CarBlock, carFile } from './car.ts'

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
