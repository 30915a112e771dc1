import type { Config } from '../kernel/config/config.ts'
import type { Logger } from '../kernel/log.ts'
import { clientNetwork } from '../kernel/net/client-network.ts'
import { clientAddress } from './client-address.ts'
import { mayBypass } from './limits/bypass.ts'
import { RequestLimits } from './limits/request-limits.ts'

/** One request, as the server works on it. Handlers see a part of it only (`src/server/xrpc/define.ts`). */
export interface RequestContext {
  readonly request: Request
  /** Lines carry the id of the request. */
  readonly log: Logger
  /** Where the request comes from; empty when that is unknown. */
  readonly clientAddress: string
  /** Whom that counts for, where clients are counted. */
  readonly clientNetwork: string
  readonly limits: RequestLimits
  /** Headers that the answer gets, whoever makes it. */
  readonly responseHeaders: Headers
  /** DIDs of the accounts whose objects were called; in development only. */
  readonly accountsCalled: Set<string>
  /** Lets work go on after the answer is sent. */
  waitUntil(work: Promise<unknown>): void
}

export const createRequestContext = (
  request: Request,
  config: Config,
  log: Logger,
  ctx: Pick<ExecutionContext, 'waitUntil'>,
): RequestContext => {
  const address = clientAddress(request)
  return {
    request,
    log,
    clientAddress: address,
    clientNetwork: clientNetwork(address),
    limits: new RequestLimits(config.rateLimits && !mayBypass(request, config)),
    responseHeaders: new Headers(),
    accountsCalled: new Set(),
    waitUntil: (work) => ctx.waitUntil(work),
  }
}
