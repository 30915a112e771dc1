import { XRPCError } from '@atproto/xrpc-server'
import { RateLimitError } from '../services/objects/rate-limit-error.ts'
import type { RateLimitStatus } from '../storage/rate-limit.ts'

/** The error that an object answered with, as tests compare it. */
export interface Refusal {
  name: string
  message: string
  status: number
  rateLimit?: RateLimitStatus
}

export type Result<T> = { ok: true; value: T } | { ok: false; refused: Refusal }

/** What came of a call to an object: its value, or the error that it answered with. Failures are thrown. */
export async function resultOf<T>(answer: Promise<T>): Promise<Result<T>> {
  try {
    return { ok: true, value: await answer }
  } catch (error) {
    if (!(error instanceof XRPCError)) throw error
    const { message, statusCode: status, customErrorName } = error
    const rateLimit = error instanceof RateLimitError ? error.rateLimit : undefined
    return {
      ok: false,
      refused: { name: customErrorName ?? error.error ?? '', message, status, rateLimit },
    }
  }
}

/** The value of a result. @throws Error when there is none */
export function expectValue<T>(result: Result<T>): T {
  if (result.ok) return result.value
  throw new Error(`${result.refused.name}: ${result.refused.message}`)
}
