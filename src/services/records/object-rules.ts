import { isPlainObject } from '@atproto/lex-data'
import { BlobRef, ValidationError } from '@atproto/lexicon'
import type { Schema } from './walk-schema.ts'

/**
 * Checks that what should be an object, of known properties or not, is one: `@atproto/lexicon` takes arrays,
 * bytes and links for objects (Lexicon specification, `object` and `unknown`).
 *
 * @throws ValidationError
 */
export function checkObject({ type }: Schema, value: object, path: string): void {
  if (type !== 'object' && type !== 'unknown') return
  if (isPlainObject(value) || value instanceof BlobRef) return
  throw new ValidationError(`${path} must be an object`)
}
