/** Forwards requests to other services on behalf of the account that is signed in. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { UserCredentials } from '../context/credentials.ts'
import { lengthOf } from './body.ts'
import { isPrivileged, isProtected } from './delegation.ts'
import { requestHeaders } from './headers.ts'
import { assertMayCall, assertMayForward } from './permission.ts'
import { send } from './send.ts'
import type { ProxyServices } from './services.ts'
import { type Fallback, findTarget, type Target } from './target.ts'
import { type Authorize, mayReuseToken, tokensOf } from './token-reuse.ts'

/** What another service is to take a caller's token for. */
export interface TokenPurpose {
  /** DID of the service that looks at it. */
  aud: string
  /** The method that it is good for. */
  lxm: string
  /** The service as OAuth scopes name it, `<did>#<id>`. Default: the one that is called. */
  service?: string
  /** It is given out even if the account was taken down. */
  evenTakendown?: boolean
}

/**
 * Sends the request on with a service token of the caller's, and returns the answer. Only for callers who
 * are signed in; methods about the account itself go nowhere (see `isProtected`).
 *
 * @param fallback where it goes unless it names a service itself
 * @throws InvalidRequestError, `InvalidToken` for callers who may not call this method elsewhere;
 *   UpstreamFailureError; UpstreamTimeoutError
 */
export async function forward(
  request: Request,
  nsid: string,
  fallback: Fallback,
  caller: UserCredentials,
  services: ProxyServices,
): Promise<Response> {
  assertNotKept(caller, nsid)
  assertMayForward(caller, nsid, fallback, { request, services })
  const target = await findTarget(request, nsid, fallback, services)
  return forwardTo(target, request, nsid, caller, { aud: target.did, lxm: nsid }, services)
}

/** The same for handlers: to a service that is known, with a token for a purpose that is known. */
export async function forwardTo(
  target: Target,
  request: Request,
  nsid: string,
  caller: UserCredentials,
  purpose: TokenPurpose,
  services: ProxyServices,
): Promise<Response> {
  assertMayUse(caller, nsid, purpose, target)
  const body = request.method === 'POST' ? request.body : null
  return send(
    {
      method: request.method,
      path: `/xrpc/${nsid}${queryOf(request.url)}`,
      headers: requestHeaders(request.headers, body !== null),
      body,
      length: lengthOf(request.headers),
      authorize: tokensFor(caller, purpose, request.method, target, services),
    },
    target,
    services,
  )
}

/** A procedure of another service with an input that has been read. */
export async function callService(
  target: Target,
  nsid: string,
  input: unknown,
  request: Request,
  caller: UserCredentials,
  purpose: TokenPurpose,
  services: ProxyServices,
): Promise<Response> {
  assertMayUse(caller, nsid, purpose, target)
  const headers = requestHeaders(request.headers, false)
  headers.set('content-type', 'application/json')
  const authorize = tokensFor(caller, purpose, 'POST', target, services)
  const path = `/xrpc/${nsid}`
  return send(
    { method: 'POST', path, headers, body: JSON.stringify(input), authorize },
    target,
    services,
  )
}

/**
 * Tokens signed with the caller's key, good for a minute and, unless the service is known to take one again, for one
 * request. The account's object looks each time whether the session is still open.
 */
function tokensFor(
  { did, session }: UserCredentials,
  { aud, lxm, evenTakendown = false }: TokenPurpose,
  method: string,
  target: Target,
  services: ProxyServices,
): Authorize {
  // What changes what others see.
  const publishes = method === 'POST'
  const input = { aud, lxm, session, evenTakendown, publishes }
  return tokensOf(services.account(did), input, mayReuseToken(method, aud, target, services.config))
}

/** @throws ForbiddenError `ScopeMissingError` */
function assertMayUse(
  caller: UserCredentials,
  nsid: string,
  { lxm, service }: TokenPurpose,
  { did, id }: Target,
): void {
  assertMayCall(caller, [...new Set([nsid, lxm])], service ?? `${did}#${id}`)
}

/** @throws InvalidRequestError `InvalidToken` */
function assertNotKept({ scope }: UserCredentials, nsid: string): void {
  if (isProtected(nsid) || (scope === 'com.atproto.appPass' && isPrivileged(nsid))) {
    throw new InvalidRequestError('Bad token method', 'InvalidToken')
  }
}

/** The query as the client wrote it, with the question mark. */
function queryOf(url: string): string {
  const at = url.indexOf('?')
  return at < 0 ? '' : (url.slice(at).split('#', 1)[0] ?? '')
}
