import { createHash } from 'node:crypto'

/** Layer of a key: leading zero bits of its SHA-256, in pairs (repository specification, MST). */
export function keyLayer(key: string): number {
  const hash = createHash('sha256').update(key).digest()
  let layer = 0
  for (const byte of hash) {
    if (byte === 0) {
      layer += 4
      continue
    }
    return layer + ((Math.clz32(byte) - 24) >> 1)
  }
  return layer
}
