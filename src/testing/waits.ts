/**
 * Set up before every file of tests: how long `vi.waitFor`, `vi.waitUntil` and `expect.poll` (see `vitest.config.mts`) wait
 * for what has to happen. Their own limit, one second, is over beside other tests on a busy machine now and then. A wait that
 * is not in vain ends as soon as it can, whatever its limit is.
 */
import { vi } from 'vitest'

/** ms. Less than a test may take, so that a test that fails says what it waited for. */
const LIMIT = 20_000

const withTimeout = <T extends { timeout?: number }>(options?: number | T) =>
  typeof options === 'number' ? options : { ...options, timeout: options?.timeout ?? LIMIT }

/** Files that share a process share `vi`. */
const DONE = Symbol.for('cumulus.test.waits')

if (!(DONE in vi)) {
  const { waitFor, waitUntil } = vi
  vi.waitFor = (check, options) => waitFor(check, withTimeout(options))
  vi.waitUntil = (check, options) => waitUntil(check, withTimeout(options))
  Object.assign(vi, { [DONE]: true })
}
