/**
 * What the provider does in one HTTP request, it asks of the stores step by step. Here is remembered, for the request
 * that is being worked on, in which epoch it found an account (`src/storage/oauth/epochs.ts`), so that what it
 * stores in the end is refused if the account was signed out in between.
 */
import { currentRequest } from '../../context/current-request.ts'
import type { RequestContext } from '../../context/request.ts'
import type { Services } from '../../context/services.ts'

const known = new WeakMap<RequestContext, Map<string, number>>()

/** Remembers an epoch; the first one counts, as all else was decided after it. */
export function noteEpoch(did: string, epoch: number): void {
  const request = currentRequest()
  const epochs = known.get(request) ?? new Map<string, number>()
  known.set(request, epochs)
  if (!epochs.has(did)) epochs.set(did, epoch)
}

/** To be called before credentials of an account are looked at. */
export async function beginEpoch(services: Services, did: string): Promise<void> {
  noteEpoch(did, await services.oauth.accounts.epoch(did))
}

/** The epoch in which this request found the account. @throws UnknownEpochError: a bug, nothing was looked at */
export function notedEpoch(did: string): number {
  const epoch = known.get(currentRequest())?.get(did)
  if (epoch === undefined) throw new UnknownEpochError(`nothing was asked about ${did} before`)
  return epoch
}

export class UnknownEpochError extends Error {
  override name = 'UnknownEpochError'
}
