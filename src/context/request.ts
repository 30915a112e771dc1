import type { Config } from '../kernel/config/config.ts'
import type { Logger } from '../kernel/log.ts'
import { clientNetwork } from '../kernel/net/client-network.ts'
import { clientAddress } from './client-address.ts'
import { mayBypass } from './limits/bypass.ts'
import { RequestLimits } from './limits/request-limits.ts'
import type { RequestUrl } from './request-url.ts'

/**
 * What is known of the answer that was made. It is noted here and not with the answer: an object of the platform that is
 * in a `WeakSet` or `WeakMap`, or that something refers to which lives longer, goes only when V8 collects all garbage there
 * is, and the answer's body, of which V8 knows nothing, with it.
 */
export interface AnswerNotes {
  /** Whether it has all its headers. */
  isComplete: boolean
  /** Whether it is long JSON, or stands for such. */
  isCompressible: boolean
}

/** One request, as the server works on it. Handlers see a part of it only (`src/server/xrpc/define.ts`). */
export interface RequestContext {
  /** Told to the client, and in the log. */
  readonly id: string
  readonly request: Request
  readonly url: RequestUrl
  /** Lines carry the id of the request. */
  readonly log: Logger
  /** Where the request comes from; empty when that is unknown. */
  readonly clientAddress: string
  /** Whom that counts for, where clients are counted. */
  readonly clientNetwork: string
  readonly limits: RequestLimits
  /** Headers that the answer gets, whoever makes it. */
  readonly responseHeaders: Headers
  /** The same, or undefined where there are none. */
  readonly extraHeaders: Headers | undefined
  readonly answer: AnswerNotes
  /** DIDs of the accounts whose objects were called; in development only. */
  readonly accountsCalled: Set<string>
  /** Lets work go on after the answer is sent. */
  waitUntil(work: Promise<unknown>): void
}

/** @param known what was worked out already */
export function createRequestContext(
  request: Request,
  config: Config,
  log: Logger,
  ctx: Pick<ExecutionContext, 'waitUntil'>,
  { id = crypto.randomUUID(), url }: { id?: string; url?: RequestUrl } = {},
): RequestContext {
  const address = clientAddress(request)
  let headers: Headers | undefined
  return {
    id,
    request,
    url: url ?? new URL(request.url),
    log,
    clientAddress: address,
    clientNetwork: clientNetwork(address),
    limits: new RequestLimits(config.rateLimits && !mayBypass(request, config)),
    get responseHeaders() {
      headers ??= new Headers()
      return headers
    },
    get extraHeaders() {
      return headers
    },
    answer: { isComplete: false, isCompressible: false },
    accountsCalled: new Set(),
    waitUntil: (work) => ctx.waitUntil(work),
  }
}
