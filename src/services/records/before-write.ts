/** Asks the collection files of a project before something is written. */
import { InternalServerError, XRPCError } from '@atproto/xrpc-server'
import {
  type AnyCollectionDefinition,
  type AnyPlannedWrite,
  collectionDefinition,
} from '../../kernel/collection-files.ts'
import type { Logger } from '../../kernel/log.ts'
import { ProjectFileError } from '../../kernel/project-files.ts'
import type { Write } from '../../storage/account/writes.ts'
import { recordValue } from './json.ts'

/** `beforeWrite` broke a rule of its own. */
class BeforeWriteError extends Error {
  override name = 'BeforeWriteError'
}

/**
 * Has `beforeWrite` of each collection look at its writes, before any of them is done.
 *
 * @throws XRPCError what it refuses with; InternalServerError where it breaks down, or its file cannot be loaded, which stands
 * in the log
 */
export async function askBeforeWrite(
  did: string,
  writes: readonly Write[],
  log: Pick<Logger, 'error'>,
): Promise<void> {
  for (const write of writes) {
    const { action, collection, rkey } = write
    const definition = await definitionOf(collection, log)
    if (!definition?.beforeWrite) continue
    const record = write.action === 'delete' ? undefined : recordValue(write.record.block)
    const { errors = [] } = definition
    const planned: AnyPlannedWrite = {
      ...{ action, did, collection, rkey, record },
      refuse(name, message) {
        if (!errors.includes(name)) throw new BeforeWriteError(`${name} is not declared in errors`)
        throw new XRPCError(400, message, name)
      },
    }
    try {
      const answer = definition.beforeWrite(planned as never)
      if (!isPromise(answer)) continue
      answer.then(undefined, () => undefined)
      throw new BeforeWriteError('it is asynchronous, and must not be')
    } catch (error) {
      if (error instanceof XRPCError) throw error
      log.error('beforeWrite failed', error, { collection, action })
      throw new InternalServerError(`beforeWrite of ${collection} failed: nothing was written`)
    }
  }
}

/** @throws InternalServerError without what the file says there is no telling whether the write is allowed */
async function definitionOf(
  collection: string,
  log: Pick<Logger, 'error'>,
): Promise<AnyCollectionDefinition | undefined> {
  try {
    return await collectionDefinition(collection)
  } catch (error) {
    const file = error instanceof ProjectFileError ? error.file : undefined
    log.error('a collection file cannot be loaded', error, { collection, file })
    throw new InternalServerError(`The file of ${collection} cannot be loaded: nothing was written`)
  }
}

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
