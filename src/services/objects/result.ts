/**
 * How refusals cross from a Durable Object to the Worker. RPC would strip an error of its class and
 * log it as a failure; a refusal is an answer, so it travels as a value.
 */
import { XRPCError } from '@atproto/xrpc-server'
import { BudgetError, StorageError } from '../../storage/error.ts'
import type { Budget } from '../../storage/rate-counter.ts'
import { RateLimitError } from './rate-limit-error.ts'

export interface Refusal {
  name: string
  message: string
  /** HTTP status. */
  status: number
  /** For what was refused because of how often it was asked for. */
  budget?: Budget
}

export type Outcome<T> = { ok: true; value: T } | { ok: false; refused: Refusal }

/** Inside the object: runs `work` and turns its StorageErrors and XRPCErrors into values. */
export async function settle<T>(work: () => T | Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    if (error instanceof StorageError) {
      const { name, message, status } = error
      const budget = error instanceof BudgetError ? error.budget : undefined
      return { ok: false, refused: { name, message, status, budget } }
    }
    if (error instanceof XRPCError) {
      const { message, statusCode } = error
      return {
        ok: false,
        refused: { name: error.error ?? 'InternalServerError', message, status: statusCode },
      }
    }
    throw error
  }
}

/**
 * In the Worker: the value, or the refusal as an XRPC error.
 *
 * @throws XRPCError
 */
export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value
  const { status, message, name, budget } = outcome.refused
  if (budget) throw new RateLimitError(budget)
  throw new XRPCError(status, message, name)
}
