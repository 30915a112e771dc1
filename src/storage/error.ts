import type { Budget } from './rate-counter.ts'

/**
 * A refusal by the storage layer that the caller is meant to see. `name` is the XRPC error name and
 * `status` the HTTP status it becomes; everything else that storage throws is an internal error.
 */
export class StorageError extends Error {
  readonly status: number
  constructor(name: string, message: string, status = 400) {
    super(message)
    this.name = name
    this.status = status
  }
}

/** Refused because too much was asked for within a time; 429 in the end. */
export class BudgetError extends StorageError {
  readonly budget: Budget
  constructor(budget: Budget) {
    super('RateLimitExceeded', 'Rate Limit Exceeded', 429)
    this.budget = budget
  }
}
