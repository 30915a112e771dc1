/** Batches of writes as `com.atproto.repo.applyWrites` takes them. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { InputSchema, OutputSchema } from '#types/com/atproto/repo/applyWrites'
import { cidString } from '../../kernel/cbor/cid.ts'
import type { Write, WriteOutcome } from '../../storage/account/writes.ts'
import { prepareRecord, type ValidationStatus } from './prepare.ts'
import type { RecordSchema } from './schema.ts'

const NSID = 'com.atproto.repo.applyWrites'

type BatchResult = NonNullable<OutputSchema['results']>[number]

/** @param schemas of every collection that is written to; @throws InvalidRequestError naming the write that is wrong by its position */
export function prepareBatch(
  batch: InputSchema['writes'],
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
  return { writes, statuses }
}

function prepareWrite(
  write: InputSchema['writes'][number],
  validate: boolean | undefined,
  schemas: ReadonlyMap<string, RecordSchema>,
): { prepared: Write; status: ValidationStatus } {
  const { collection, rkey } = write
  if (write.$type === `${NSID}#delete`) {
    return { prepared: { action: 'delete', collection, rkey: write.rkey }, status: undefined }
  }
  const schema = schemas.get(collection)
  if (!schema) throw new TypeError(`no schema was looked up for ${collection}`)
  const { record, validationStatus, defaultKey } = prepareRecord(
    { collection, rkey, record: write.value, validate },
    schema,
  )
  const prepared: Write =
    write.$type === `${NSID}#update`
      ? { action: 'update', collection, rkey: write.rkey, record }
      : { action: 'create', collection, rkey: rkey ?? defaultKey, record }
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
