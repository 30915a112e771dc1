import { ConfigError } from '../src/kernel/config/config.ts'
import { BundleError } from './bundle.ts'
import { FirstAccountError } from './first-account.ts'
import { WorkerdStartError } from './workerd.ts'

/** A command cannot do what it was asked to; the message says why, and what helps. */
export class CommandError extends Error {
  override name = 'CommandError'
}

const EXPECTED = [CommandError, ConfigError, BundleError, FirstAccountError, WorkerdStartError]

/** Runs a command; an error of the user's gets a sentence, anything else keeps its stack. */
export async function reportErrors(run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (!EXPECTED.some((type) => error instanceof type)) throw error
    process.stderr.write(`${(error as Error).message}\n`)
    process.exitCode = 1
  }
}
