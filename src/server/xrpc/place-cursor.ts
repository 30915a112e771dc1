import { InvalidRequestError } from '@atproto/xrpc-server'

/**
 * The place in an order that a cursor stands for.
 *
 * @throws InvalidRequestError where it is none that this host gave out
 */
export function placeOfCursor(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined
  if (!/^\d{1,15}$/.test(cursor)) throw new InvalidRequestError('Malformed cursor')
  return Number(cursor)
}
