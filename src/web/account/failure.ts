/** Error messages shown to the user. */
import { XRPCError } from '@atproto/xrpc-server'
import { isInternal } from '../../server/xrpc/answer.ts'

export interface Failure {
  message: string
  status: 400 | 401 | 429
}

/** In words, for what somebody can do something about. @throws whatever else it is */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof XRPCError) || isInternal(error)) throw error
  if (error.statusCode === 429) {
    return { message: 'That was too often. Wait a while, then try again.', status: 429 }
  }
  const message =
    error.message === 'Token is invalid'
      ? 'This code is wrong, or was used already.'
      : error.message
  return { message, status: error.statusCode === 401 ? 401 : 400 }
}
