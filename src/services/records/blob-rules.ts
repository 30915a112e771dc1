/** Finds the blobs in a record, and checks one against the limits that its lexicon sets. */
import { BlobRef } from '@atproto/lexicon'
import type { Schema } from './walk-schema.ts'

/** A blob breaks the rules that its lexicon has for that place. */
export class BlobRuleError extends Error {
  override name = 'BlobRuleError'
}

/** Every blob in a value, in order of appearance. */
export function findBlobs(value: unknown): BlobRef[] {
  if (value instanceof BlobRef) return [value]
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return []
  return Object.values(value).flatMap(findBlobs)
}

/** References that do not say the size of their blob, as those of the legacy form. */
export const legacyBlobs = (value: unknown): BlobRef[] =>
  findBlobs(value).filter(({ size }) => size < 0)

/** Checks `accept` and `maxSize` of a blob, where the schema wants one. @throws BlobRuleError */
export function checkBlob(schema: Schema, value: unknown, path: string): void {
  if (schema.type !== 'blob' || !(value instanceof BlobRef)) return
  const { accept, maxSize } = schema
  if (maxSize !== undefined && value.size > maxSize) {
    throw new BlobRuleError(`${path} is too large: ${value.size} bytes, at most ${maxSize}`)
  }
  if (accept && !accept.some((pattern) => matchesMime(pattern, value.mimeType))) {
    throw new BlobRuleError(
      `${path} has type ${value.mimeType}, wanted one of: ${accept.join(', ')}`,
    )
  }
}

function matchesMime(pattern: string, type: string): boolean {
  if (pattern === '*/*') return true
  return pattern.endsWith('/*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern
}
