import { isDeepStrictEqual } from 'node:util'
import { InvalidRequestError } from '@atproto/xrpc-server'
import {
  type LoggedPlcOperation,
  operationCid,
  type PlcOperation,
  type PlcState,
  parseOperation,
} from '../identity/plc-operation.ts'

/**
 * The operation that an old host has signed, if it is the one that it was asked for: it could slip something in, such
 * as a key of its own.
 *
 * @param answer what it gave
 * @param last what the identity's next operation follows
 */
export function signedAsAsked(
  answer: unknown,
  wanted: PlcState,
  last: LoggedPlcOperation,
): PlcOperation | undefined {
  try {
    const operation = parseOperation(answer)
    const { sig: _, ...said } = operation
    const asked = { type: 'plc_operation', prev: operationCid(last), ...wanted }
    return operation.type === 'plc_operation' && isDeepStrictEqual(said, asked)
      ? operation
      : undefined
  } catch (error) {
    if (error instanceof InvalidRequestError) return undefined
    throw error
  }
}
