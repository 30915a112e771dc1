import { expect, test } from 'vitest'
import { holding, mayHold } from './whole.ts'

const MIB = 1024 * 1024

const streamOf = (...pieces: number[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const [at, size] of pieces.entries()) controller.enqueue(new Uint8Array(size).fill(at))
      controller.close()
    },
  })

test('a body comes in one piece, however many it was sent in', async () => {
  const bytes = await holding(streamOf(2, 0, 3), 5, async (whole) => whole)
  expect([...bytes]).toEqual([0, 0, 2, 2, 2])
  expect(await holding(streamOf(), 0, async (whole) => whole.byteLength)).toBe(0)
})

test.each([
  ['fewer', 6],
  ['more', 4],
])('a body of %s bytes than were said is refused', async (_, size) => {
  const held = holding(streamOf(2, 3), size, () => expect.unreachable())
  await expect(held).rejects.toThrow('The upload broke off')
})

test('a body that breaks off is refused, and counts no longer', async () => {
  const broken = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error('the line went dead')),
  })
  for (let n = 0; n < 17; n++) {
    const held = holding(broken, MIB, () => expect.unreachable())
    await expect(held).rejects.toThrow('The upload broke off')
  }
  expect(mayHold(MIB)).toBe(true)
})

test('no more is held at once than 16 MiB, and no blob that is large', async () => {
  expect(mayHold(MIB)).toBe(true)
  expect(mayHold(MIB + 1)).toBe(false)
  const { promise, resolve } = Promise.withResolvers<void>()
  const all = Array.from({ length: 16 }, () => holding(streamOf(MIB), MIB, () => promise))
  expect(mayHold(1)).toBe(false)
  resolve()
  await Promise.all(all)
  expect(mayHold(MIB)).toBe(true)
})
