import { hash } from 'node:crypto'
import { digestOfAscii } from '../../kernel/cbor/sha256.ts'

/** Layer of a key: leading zero bits of its SHA-256, in pairs (repository specification, MST). */
export function keyLayer(key: string): number {
  let zeros = 0
  for (const word of digestOfAscii(key) ?? wordsOf(hash('sha256', key, 'buffer'))) {
    zeros += Math.clz32(word)
    if (word !== 0) break
  }
  return zeros >> 1
}

function wordsOf(digest: Uint8Array): number[] {
  const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength)
  return Array.from({ length: 8 }, (_, i) => view.getInt32(4 * i))
}
