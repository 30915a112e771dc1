/** Finds the blobs in a record, and checks one against the limits that its lexicon sets. */
import { isPlainObject } from '@atproto/lex-data'
import { BlobRef } from '@atproto/lexicon'
import type { BlobRow } from '../../storage/account/blobs.ts'
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

/** Most legacy references that are upgraded in one write. */
const MAX_LEGACY = 100

/** CIDs of the blobs that a value refers to without their size, as references once did; at most a hundred. */
export function legacyBlobs(value: unknown): string[] {
  const cids = findBlobs(value)
    .filter(({ size }) => size < 0)
    .map(({ ref }) => ref.toString())
  return [...new Set(cids)].slice(0, MAX_LEGACY)
}

/** The value with references in today's form to those blobs that are known. */
export function upgradeBlobs(value: unknown, known: ReadonlyMap<string, BlobRow>): unknown {
  if (value instanceof BlobRef) {
    const blob = value.size < 0 ? known.get(value.ref.toString()) : undefined
    return blob ? new BlobRef(value.ref, value.mimeType, blob.size) : value
  }
  if (Array.isArray(value)) return value.map((item) => upgradeBlobs(item, known))
  if (!isPlainObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, upgradeBlobs(item, known)]),
  )
}

/** Checks `accept` and `maxSize` of a blob, where the schema wants one. @throws BlobRuleError */
export function checkBlob(schema: Schema, value: object, path: string): void {
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
