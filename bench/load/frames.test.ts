import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FrameCounter } from './frames.ts'

/** A message as a server sends it. */
function frame(payload: Buffer, opcode = 2): Buffer {
  const { length } = payload
  if (length < 126) return Buffer.concat([Buffer.from([0x80 | opcode, length]), payload])
  const header = Buffer.alloc(length < 65_536 ? 4 : 10)
  header[0] = 0x80 | opcode
  header[1] = length < 65_536 ? 126 : 127
  if (length < 65_536) header.writeUInt16BE(length, 2)
  else header.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([header, payload])
}

function event(seq: bigint, length: number): Buffer {
  const number = Buffer.alloc(9)
  number[0] = 0x1b
  number.writeBigUInt64BE(seq, 1)
  return Buffer.concat([Buffer.from('xxxx\x63seq', 'latin1'), number, Buffer.alloc(length, 7)])
}

test('messages are counted however their bytes are cut', () => {
  const lengths = fc.array(fc.constantFrom(0, 20, 110, 200, 5_000, 70_000), { maxLength: 6 })
  const cuts = fc.array(fc.nat(1000), { maxLength: 20 })
  fc.assert(
    fc.property(lengths, cuts, (lengths, cuts) => {
      const stream = Buffer.concat([
        ...lengths.map((length, at) => frame(event(BigInt(at + 5), length))),
        // A ping is no message.
        frame(Buffer.from('hi'), 9),
      ])
      const at = cuts.map((cut) => Math.floor((cut / 1000) * stream.length)).sort((a, b) => a - b)
      const counter = new FrameCounter()
      let counted = 0
      for (const [index, start] of [0, ...at].entries()) {
        counted += counter.push(stream.subarray(start, at[index] ?? stream.length))
      }
      expect(counted).toBe(lengths.length)
      expect(counter.seq).toBe(lengths.length === 0 ? undefined : BigInt(lengths.length + 4))
    }),
  )
})

test('an error is no event, and the number of the last event stays', () => {
  const counter = new FrameCounter()
  const error = Buffer.from('a1626f7020a1656572726f72', 'hex')
  expect(counter.push(Buffer.concat([frame(event(9n, 40)), frame(error)]))).toBe(1)
  expect(counter.seq).toBe(9n)
  expect(counter.closed).toBe(false)
  expect(counter.push(frame(Buffer.from([3, 0xf0]), 8))).toBe(0)
  expect(counter.closed).toBe(true)
})

test('small sequence numbers are read too', () => {
  const counter = new FrameCounter()
  for (const [hex, seq] of [
    ['17', 23n],
    ['18ff', 255n],
    ['190100', 256n],
    ['1a00010000', 65_536n],
  ] as const) {
    const payload = Buffer.concat([Buffer.from('\x63seq', 'latin1'), Buffer.from(hex, 'hex')])
    counter.push(frame(Buffer.concat([payload, Buffer.alloc(20)])))
    expect(counter.seq).toBe(seq)
  }
})
