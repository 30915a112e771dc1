/** One line of JSON per event on the console. What is logged never holds tokens, bodies or queries. */

import { counters } from './metrics/counters.ts'
import { noteError } from './recent-errors.ts'

export type LogFields = Record<string, string | number | boolean | undefined>

export interface Logger {
  info(message: string, fields?: LogFields): void
  error(message: string, error: unknown, fields?: LogFields): void
}

/** A logger whose lines all carry `base`; with `errorsOnly`, it leaves out the rest. */
export function createLogger(base: LogFields, errorsOnly = false): Logger {
  const write = (level: string, message: string, fields?: LogFields) =>
    JSON.stringify({ level, time: new Date().toISOString(), message, ...base, ...fields })
  return {
    info(message, fields) {
      if (!errorsOnly) console.log(write('info', message, fields))
    },
    error(message, error, fields) {
      const described = describeError(error)
      noteError(message, String(described.error))
      counters.noteError()
      console.error(write('error', message, { ...fields, ...described }))
    },
  }
}

function describeError(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: String(error) }
  const cause =
    error.cause instanceof Error ? `${error.cause.name}: ${error.cause.message}` : undefined
  return { error: `${error.name}: ${error.message}`, cause, stack: error.stack }
}
