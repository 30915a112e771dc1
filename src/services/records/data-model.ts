/** The atproto data model: what a record may be made of, whatever its lexicon says. */

import { isCid } from '@atproto/lex-data'
import { BlobRef } from '@atproto/lexicon'
import { isValidNsid } from '@atproto/syntax'
import { hasCapitalsInDomain } from '../../routing/nsid.ts'

/** How deep objects and arrays may nest, the record itself counted: as deep as whoever reads strictly goes. */
const MAX_DEPTH = 128

/** A value cannot be part of a record; the message names the place. */
export class DataModelError extends Error {
  override name = 'DataModelError'
}

/**
 * Checks a value after `jsonToLex`, which turns valid links, bytes and blobs into objects of their
 * own and leaves malformed ones as they were (atproto data model specification).
 *
 * @throws DataModelError
 */
export function assertDataModel(value: unknown, path = 'Record', depth = 0): void {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return
    case 'number':
      if (Number.isSafeInteger(value)) return
      throw new DataModelError(
        `${path} must be an integer, numbers with a fraction are not allowed`,
      )
    case 'object':
      break
    default:
      throw new DataModelError(`${path} must not be ${typeof value}`)
  }
  if (value === null || value instanceof Uint8Array || isCid(value)) return
  if (depth >= MAX_DEPTH) throw new DataModelError(`${path} is nested too deeply`)
  if (value instanceof BlobRef) {
    assertBlobRef(value, path)
    return
  }
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      assertDataModel(item, `${path}/${index}`, depth + 1)
    }
    return
  }
  if ('$link' in value) throw new DataModelError(`${path} must be a valid link`)
  if ('$bytes' in value) throw new DataModelError(`${path} must be valid base64 bytes`)
  if ('$type' in value) assertType(value.$type, path)
  for (const [key, item] of Object.entries(value)) {
    // As UTF-8 all halves of pairs are the same character, and two keys were one.
    if (!key.isWellFormed()) throw new DataModelError(`${path} has a key that is no Unicode text`)
    assertDataModel(item, `${path}/${key}`, depth + 1)
  }
}

function assertType(type: unknown, path: string): void {
  if (typeof type !== 'string' || type === '') {
    throw new DataModelError(`${path}/$type must be a string that is not empty`)
  }
  // A lexicon and a definition in it. `@atproto/lexicon` breaks down over more.
  if (type.indexOf('#') !== type.lastIndexOf('#')) {
    throw new DataModelError(`${path}/$type must not have more than one fragment`)
  }
  const [nsid = ''] = type.split('#')
  if (isValidNsid(nsid) && hasCapitalsInDomain(nsid)) {
    throw new DataModelError(`${path}/$type must have its domain in small letters`)
  }
  if (type === 'blob') throw new DataModelError(`${path} must be a valid blob reference`)
}

function assertBlobRef(blob: BlobRef, path: string): void {
  if (blob.size < 0) throw new DataModelError(`${path} is a blob reference of an outdated form`)
  if (!Number.isSafeInteger(blob.size)) throw new DataModelError(`${path}/size must be an integer`)
  if (!isCid(blob.ref, { flavor: 'raw' })) {
    throw new DataModelError(`${path}/ref must be the CID of a blob`)
  }
}
