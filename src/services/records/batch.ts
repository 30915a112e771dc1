/** Batches of writes as `com.atproto.repo.applyWrites` takes them. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { InputSchema, OutputSchema } from '#types/com/atproto/repo/applyWrites'
import { cidString } from '../../kernel/cbor/cid.ts'
import type { Write, WriteOutcome } from '../../storage/account/writes.ts'
import { prepareRecord, type ValidationStatus } from './prepare.ts'
import type { RecordSchema } from './record-schema.ts'

const NSID = 'com.atproto.repo.applyWrites'

const ACTIONS: ReadonlyMap<string, Action> = new Map(
  (['create', 'update', 'delete'] as const).map((action) => [`${NSID}#${action}`, action]),
)

type Action = 'create' | 'update' | 'delete'
type InputWrite = InputSchema['writes'][number]
type BatchResult = NonNullable<OutputSchema['results']>[number]

/**
 * What a write of a batch does: the one reading of it, for permissions and for execution. The lexicon validator
 * takes `lex:…#delete` for `…#delete` as well, which would let one be permitted and another be done.
 *
 * @throws InvalidRequestError unless `$type` is exactly one of the three
 */
export function actionOf({ $type }: { $type?: string }): Action {
  const action = ACTIONS.get($type ?? '')
  if (action) return action
  throw new InvalidRequestError(
    `$type must be ${NSID}#create, #update or #delete, got ${JSON.stringify($type)}`,
  )
}

/** @param schemas of every collection that is written to; @throws InvalidRequestError naming the write that is wrong by its position */
export function prepareBatch(
  batch: readonly InputWrite[],
  validate: boolean | undefined,
  schemas: ReadonlyMap<string, RecordSchema>,
): { writes: Write[]; statuses: ValidationStatus[] } {
  const statuses: ValidationStatus[] = []
  const writes = batch.map((write, index): Write => {
    try {
      const { prepared, status } = prepareWrite(write, validate, schemas)
      statuses.push(status)
      return prepared
    } catch (error) {
      if (!(error instanceof InvalidRequestError)) throw error
      throw new InvalidRequestError(`Write ${index}: ${error.message}`, error.customErrorName)
    }
  })
  shareBuffers(writes)
  return { writes, statuses }
}

/**
 * Makes the blocks of a batch parts of one buffer, and its CIDs of another: on the way to the account each buffer is made
 * anew, which takes longer than to copy a record. Whoever keeps a CID does not keep blocks with it.
 */
function shareBuffers(writes: readonly Write[]): void {
  const records = writes.flatMap((write) => (write.action === 'delete' ? [] : [write.record]))
  const blocks = new Uint8Array(records.reduce((sum, { block }) => sum + block.byteLength, 0))
  const cids = new Uint8Array(records.reduce((sum, { cid }) => sum + cid.byteLength, 0))
  let [blockAt, cidAt] = [0, 0]
  const move = (bytes: Uint8Array, into: Uint8Array, at: number): Uint8Array => {
    into.set(bytes, at)
    return into.subarray(at, at + bytes.byteLength)
  }
  for (const record of records) {
    const { cid, block } = record
    record.cid = move(cid, cids, cidAt)
    record.block = move(block, blocks, blockAt)
    cidAt += cid.byteLength
    blockAt += block.byteLength
  }
}

function prepareWrite(
  write: InputWrite,
  validate: boolean | undefined,
  schemas: ReadonlyMap<string, RecordSchema>,
): { prepared: Write; status: ValidationStatus } {
  const { collection, rkey } = write
  const action = actionOf(write)
  if (action === 'delete') {
    if (rkey === undefined) throw new InvalidRequestError('rkey is missing')
    return { prepared: { action, collection, rkey }, status: undefined }
  }
  const schema = schemas.get(collection)
  if (!schema) throw new TypeError(`no schema was looked up for ${collection}`)
  const value = 'value' in write ? write.value : undefined
  if (value === undefined) throw new InvalidRequestError('value is missing')
  const { record, validationStatus, defaultKey } = prepareRecord(
    { collection, rkey, record: value, validate },
    schema,
  )
  if (action === 'create') {
    const prepared: Write = { action, collection, rkey: rkey ?? defaultKey, record }
    return { prepared, status: validationStatus }
  }
  if (rkey === undefined) throw new InvalidRequestError('rkey is missing')
  const prepared: Write = { action, collection, rkey, record }
  return { prepared, status: validationStatus }
}

/** What became of each write, in order. */
export function batchView(
  did: string,
  outcomes: readonly WriteOutcome[],
  statuses: readonly ValidationStatus[],
): BatchResult[] {
  return outcomes.map(({ action, path, cid }, index) => {
    if (action === 'delete' || !cid) return { $type: `${NSID}#deleteResult` }
    const $type =
      action === 'create' ? (`${NSID}#createResult` as const) : (`${NSID}#updateResult` as const)
    const uri = `at://${did}/${path}`
    return { $type, uri, cid: cidString(cid), validationStatus: statuses[index] }
  })
}
