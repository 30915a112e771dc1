import { hash } from 'node:crypto'

/** Layer of a key: leading zero bits of its SHA-256, in pairs (repository specification, MST). */
export function keyLayer(key: string): number {
  let layer = 0
  for (const byte of hash('sha256', key, 'buffer')) {
    if (byte === 0) {
      layer += 4
      continue
    }
    return layer + ((Math.clz32(byte) - 24) >> 1)
  }
  return layer
}
