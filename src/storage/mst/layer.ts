import { sha256 } from '../../kernel/sha256.ts'

/** The bytes of one key after the other: it has at most 1,024. */
const bytes = new Uint8Array(1024)

/** Layer of a key: leading zero bits of its SHA-256, in pairs (repository specification, MST). */
export function keyLayer(key: string): number {
  let layer = 0
  for (const byte of sha256(encode(key))) {
    if (byte === 0) {
      layer += 4
      continue
    }
    return layer + ((Math.clz32(byte) - 24) >> 1)
  }
  return layer
}

/** Keys are ASCII, and no longer, as a rule: then without a call of the platform. */
function encode(key: string): Uint8Array {
  if (key.length > bytes.length) return Buffer.from(key)
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at)
    if (code > 127) return Buffer.from(key)
    bytes[at] = code
  }
  return bytes.subarray(0, key.length)
}
