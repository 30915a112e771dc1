/** The two ends of an RPC result: the object makes one, the caller reads it. */
import { XRPCError } from '@atproto/xrpc-server'
import type { RpcResult } from '../../contracts/answer.ts'
import { TooManyWaitingError } from '../../kernel/crypto/too-many-waiting.ts'
import { StorageError } from '../../storage/error.ts'
import { RateLimitError } from './rate-limit-error.ts'

/** Inside the object: runs `work` and turns its StorageErrors, XRPCErrors and TooManyWaitingErrors into values. */
export async function toResult(work: () => unknown): Promise<RpcResult> {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    if (error instanceof StorageError) {
      const { name, message, status, rateLimit } = error
      return { ok: false, error: { name, message, status, rateLimit } }
    }
    if (error instanceof XRPCError) {
      const { message, statusCode: status, error: name = 'InternalServerError' } = error
      return { ok: false, error: { name, message, status } }
    }
    if (error instanceof TooManyWaitingError) {
      const message = 'Too many are signing in at this moment: try again soon'
      return { ok: false, error: { name: 'RateLimitExceeded', message, status: 429 } }
    }
    throw error
  }
}

/**
 * At the caller: the value, or the error as an XRPC error.
 *
 * @throws XRPCError; RateLimitError
 */
export function fromResult(result: RpcResult): unknown {
  if (result.ok) return result.value
  const { status, message, name, rateLimit } = result.error
  if (rateLimit) throw new RateLimitError(rateLimit, message)
  throw new XRPCError(status, message, name)
}

/** What an object answers, or undefined where it answers with an error; failures of the object are still thrown. */
export const unlessRefused = <T>(answer: Promise<T>): Promise<T | undefined> =>
  answer.catch((error: unknown) => {
    if (error instanceof XRPCError) return undefined
    throw error
  })
