/**
 * Stands in for `pino`, which packages of `@atproto` log with where `LOG_ENABLED` says so, and not otherwise: here it never
 * does. What of their errors matters is logged by whoever catches them (`src/kernel/log.ts`).
 */
const nothing = () => undefined

const silent = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
  child: () => silent,
}

export const pino = Object.assign(() => silent, { stdTimeFunctions: {}, stdSerializers: {} })
export const destination = nothing
export default pino
