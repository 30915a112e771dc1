import { isPlainObject } from '@atproto/lex-data'
import { BlobRef, type Lexicons, ValidationError } from '@atproto/lexicon'
import { type Schema, typeName } from './walk-schema.ts'

/**
 * Checks that what should be an object, of known properties or not, is one: `@atproto/lexicon` takes arrays,
 * bytes and links for objects, and blobs for unknown data (Lexicon specification, `object` and `unknown`).
 *
 * @throws ValidationError
 */
export function checkObject({ type }: Schema, value: unknown, path: string): void {
  if (type !== 'object' && type !== 'unknown') return
  if (isPlainObject(value) || (type === 'object' && value instanceof BlobRef)) return
  throw new ValidationError(`${path} must be an object`)
}

/**
 * Checks that an object which a ref takes for a record of some type says no other: the library does not look at it.
 *
 * @throws ValidationError
 */
export function checkRecordType(
  lexicons: Lexicons,
  { type, ref }: Schema,
  value: unknown,
  path: string,
): void {
  if (type !== 'ref' || ref === undefined || !isPlainObject(value)) return
  const { $type } = value
  if ($type === undefined || lexicons.getDef(ref)?.type !== 'record') return
  if (typeof $type === 'string' && typeName($type) === typeName(ref)) return
  throw new ValidationError(`${path}/$type must be ${typeName(ref)}`)
}
