import { sha256 } from '../../kernel/cbor/sha256.ts'

const encoder = new TextEncoder()

/** Layer of a key: leading zero bits of its SHA-256, in pairs (repository specification, MST). */
export function keyLayer(key: string): number {
  let zeros = 0
  for (const byte of sha256(encoder.encode(key))) {
    zeros += Math.clz32(byte) - 24
    if (byte !== 0) break
  }
  return zeros >> 1
}
