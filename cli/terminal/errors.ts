/** Errors of commands that get a sentence and no stack, and what a process exits with. */
export { UsageError } from '../../codegen/errors.ts'

/** A command cannot do what it was asked to; the message says why, and what helps. Exit code 1. */
export class CommandError extends Error {
  override name = 'CommandError'
  /** Why, where a caller goes on from it: a host does not take the operator's password. */
  readonly reason: 'password' | undefined

  constructor(message: string, options: { cause?: unknown; reason?: 'password' } = {}) {
    super(message, options)
    this.reason = options.reason
  }
}

/** Somebody ended a prompt with Ctrl-C. Exit code 130. */
export class InterruptedError extends Error {
  override name = 'InterruptedError'
  constructor() {
    super('Interrupted: nothing more was done.')
  }
}

/** Exit codes of `cumulus`; documented in `--help`. */
export const EXIT = {
  ok: 0,
  /** It did not work, or something was found. */
  failed: 1,
  usage: 2,
  interrupted: 130,
} as const
