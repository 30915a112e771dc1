/** What went wrong for reasons outside the program, told in a sentence and without a stack. */

/** The command line asks for something that does not exist or cannot be. Exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** Exit codes of every command; documented in `--help`. */
export const EXIT = {
  ok: 0,
  /** Errors were found, files differ (`--check`), or a change breaks others (`diff`). */
  found: 1,
  usage: 2,
} as const
