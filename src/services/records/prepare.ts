/**
 * Makes of a record as a client sends it the bytes that go into the repository. Runs in the Worker,
 * so that validation scales with isolates and the account's object does serial work only.
 */

import { isPlainObject, type LexValue } from '@atproto/lex-data'
import {
  LexiconDefNotFoundError,
  type LexRecord,
  lexToIpld,
  ValidationError,
} from '@atproto/lexicon'
import { isValidNsid, isValidRecordKey, isValidTid } from '@atproto/syntax'
import { InvalidRequestError } from '@atproto/xrpc-server'
import { cidOf } from '../../kernel/cbor/cid.ts'
import { encode } from '../../kernel/cbor/encode.ts'
import { type EncodedRecord, MAX_RECORD_SIZE } from '../../storage/account/writes.ts'
import { BlobRuleError, checkBlob, findBlobs } from './blob-rules.ts'
import { assertCollection } from './collection.ts'
import { assertDataModel, DataModelError } from './data-model.ts'
import { checkFormat } from './format-rules.ts'
import { checkObject, checkRecordType } from './object-rules.ts'
import type { KnownSchema, RecordSchema } from './record-schema.ts'
import { type Schema, walkSchema } from './walk-schema.ts'

export type ValidationStatus = 'valid' | 'unknown' | undefined

export interface PreparedRecord {
  record: EncodedRecord
  /** Undefined when validation was switched off. */
  validationStatus: ValidationStatus
  /** The key to use where the caller gave none and the lexicon leaves one choice only. */
  defaultKey: string | undefined
}

export interface RecordInput {
  collection: string
  rkey?: string
  record: Record<string, unknown>
  /** true: there must be a lexicon; false: do not validate; unset: validate where there is one. */
  validate?: boolean
}

/** @throws InvalidRequestError */
export function prepareRecord(input: RecordInput, schema: RecordSchema): PreparedRecord {
  const { collection, rkey, validate } = input
  assertCollection(collection)
  assertObject(input.record)
  const record = withType(collection, input.record)
  const { def } = schema
  if (!def && validate !== false) allowUnknown(input, schema.required, schema.reason)
  if (rkey !== undefined) assertRecordKey(rkey, validate === false ? undefined : def)

  let validationStatus: ValidationStatus
  const block = refuse(() => {
    assertDataModel(record)
    if (validate !== false) validationStatus = def ? checkRecord(input, record, schema) : 'unknown'
    return encode(lexToIpld(record) as LexValue)
  })
  if (block.byteLength > MAX_RECORD_SIZE) {
    throw new InvalidRequestError(
      `Record is too large: ${block.byteLength} bytes, at most ${MAX_RECORD_SIZE}`,
    )
  }
  const blobs = findBlobs(record).map(({ ref, mimeType, size }) => ({
    cid: ref.toString(),
    mimeType,
    size,
  }))
  return {
    record: { cid: cidOf(block), block, blobs },
    validationStatus,
    defaultKey: def?.key?.startsWith('literal:') ? def.key.slice('literal:'.length) : undefined,
  }
}

/** What came as an array, bytes, a link or a blob has become a value of its own. @throws InvalidRequestError */
function assertObject(record: unknown): void {
  if (isPlainObject(record)) return
  throw new InvalidRequestError('Invalid record: Record must be an object')
}

/** `$type` is the collection: filled in where it is missing, refused where it differs. */
function withType(collection: string, record: Record<string, unknown>) {
  if (record.$type === undefined) return { $type: collection, ...record }
  if (record.$type === collection) return record
  throw new InvalidRequestError(
    `Invalid $type: expected ${collection}, got ${JSON.stringify(record.$type)}`,
  )
}

/** Nothing is known that the record could be checked with. @throws InvalidRequestError unless that will do */
function allowUnknown(
  { collection, validate }: RecordInput,
  required: boolean,
  reason: string | undefined,
): void {
  if (!required && validate !== true) return
  const why = reason === undefined ? '' : ` (${reason})`
  throw new InvalidRequestError(`Unknown lexicon type: ${collection}${why}`)
}

/** Checks a record against its lexicon, and says how far that went. */
function checkRecord(
  input: RecordInput,
  record: Record<string, unknown>,
  { lexicons, def, live }: KnownSchema,
): ValidationStatus {
  try {
    lexicons.assertValidRecord(input.collection, record)
  } catch (error) {
    // What the library says of a `$type` in a union that is no name, such as `#images`, has no class.
    if (error instanceof Error && error.constructor === Error) {
      throw new ValidationError(`a $type is no name: ${error.message}`)
    }
    // A lexicon of somebody else's may refer to one that cannot be had.
    if (!live || !(error instanceof LexiconDefNotFoundError)) throw error
    allowUnknown(input, live.required, error.message)
    return 'unknown'
  }
  walkSchema(lexicons, def as Schema, record, 'Record', (schema, value, path) => {
    checkObject(schema, value, path)
    checkBlob(schema, value, path)
    checkFormat(schema, value, path)
    checkRecordType(lexicons, schema, value, path)
  })
  return 'valid'
}

/** Record keys: the general syntax, and what kind of key the lexicon, if any counts, asks for. */
function assertRecordKey(rkey: string, def: LexRecord | undefined): void {
  if (!isValidRecordKey(rkey)) throw new InvalidRequestError(`Invalid record key: ${rkey}`)
  const kind = def?.key
  const valid =
    kind === undefined ||
    kind === 'any' ||
    (kind === 'tid' && isValidTid(rkey)) ||
    (kind === 'nsid' && isValidNsid(rkey)) ||
    kind === `literal:${rkey}`
  if (!valid) {
    throw new InvalidRequestError(`Invalid record key "${rkey}": the lexicon wants ${kind}`)
  }
}

/** Runs checks and turns what they throw into an answer to the caller. */
function refuse<T>(check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (
      error instanceof ValidationError ||
      error instanceof DataModelError ||
      error instanceof BlobRuleError
    ) {
      throw new InvalidRequestError(`Invalid record: ${error.message}`)
    }
    throw error
  }
}
