/** What is cleaned up when a command is ended by Ctrl-C, or by whoever started it. */
import { EXIT } from '../terminal/errors.ts'

const cleanups = new Set<() => Promise<void>>()

/** From now on, SIGINT and SIGTERM clean up, and end the process. What runs at `exit` does so then. */
export function exitWhenInterrupted(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, async () => {
      await Promise.allSettled([...cleanups].map((cleanup) => cleanup()))
      process.exit(EXIT.interrupted)
    })
  }
}

/** @returns to be called when there is nothing to clean up any more */
export function whenInterrupted(cleanup: () => Promise<void>): () => void {
  cleanups.add(cleanup)
  return () => cleanups.delete(cleanup)
}
