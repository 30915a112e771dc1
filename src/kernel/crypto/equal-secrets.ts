import { createHash, timingSafeEqual } from 'node:crypto'

/** Compares in constant time; hashing first makes the lengths equal. */
export function equalSecrets(a: string, b: string): boolean {
  const digest = (value: string) => createHash('sha256').update(value).digest()
  return timingSafeEqual(digest(a), digest(b))
}
