/** What the app does without anybody having asked: hooks and jobs. */
import { withRequest } from '../context/current-request.ts'
import { createRequestContext } from '../context/request.ts'
import { type Services, servicesOf } from '../context/services.ts'
import type { Env } from '../contracts/env.ts'
import type { Failure } from '../contracts/failure.ts'
import { createLogger, type Logger } from '../kernel/log.ts'

/** Runs `work` with the services that handlers have. @param about stands in each line of its log */
export function inBackground<T>(
  env: Env,
  ctx: ExecutionContext,
  about: Readonly<Record<string, string>>,
  work: (services: Services, log: Logger) => Promise<T>,
): Promise<T> {
  const services = servicesOf(env)
  const log = createLogger(about)
  // Nobody asked: there is nobody to limit.
  const config = { ...services.config, rateLimits: false }
  const context = createRequestContext(new Request(services.config.publicUrl), config, log, ctx)
  return withRequest(context, () => work(services, log))
}

/** Characters of a stack that are kept. */
const MAX_STACK = 4_000

/** Why `work` failed: what it threw, or that it has no end; undefined: it did not. It goes on all the same. */
export async function failureOf(
  work: () => Promise<unknown>,
  timeout: number,
): Promise<Failure | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<Failure>((resolve) => {
    timer = setTimeout(() => resolve({ error: `no end after ${timeout} ms` }), timeout)
  })
  try {
    return await Promise.race([work().then(() => undefined), late])
  } catch (error) {
    if (!(error instanceof Error)) return { error: String(error) }
    const { name, message, stack } = error
    return { error: `${name}: ${message}`, stack: stack?.slice(0, MAX_STACK) }
  } finally {
    clearTimeout(timer)
  }
}
