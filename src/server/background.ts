/** What the app does without anybody having asked: hooks and jobs. */
import { withRequest } from '../context/current-request.ts'
import { createRequestContext } from '../context/request.ts'
import { type Services, servicesOf } from '../context/services.ts'
import type { Env } from '../contracts/env.ts'
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

/** Why `work` failed: what it threw, or that it has no end; undefined: it did not. It goes on all the same. */
export async function reasonOf(
  work: () => Promise<unknown>,
  timeout: number,
): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no end after ${timeout} ms`), timeout)
  })
  try {
    return await Promise.race([work().then(() => undefined), late])
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  } finally {
    clearTimeout(timer)
  }
}
