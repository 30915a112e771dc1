/** Forwards a request to another service on behalf of the account that is signed in. */
import { InvalidRequestError, UpstreamFailureError } from '@atproto/xrpc-server'
import type { App } from '../app.ts'
import { authenticate } from '../auth/authenticate.ts'
import { session } from '../auth/policy.ts'
import type { ServiceTarget } from '../config.ts'
import { unwrap } from '../durable/outcome.ts'
import type { ServiceName } from '../routing/policy.ts'

/** Request headers that mean something to the other service; everything else stays here. */
const REQUEST_HEADERS = ['accept', 'accept-language', 'atproto-accept-labelers', 'content-type']

/** Response headers that mean something to the client. */
const RESPONSE_HEADERS = [
  'content-type',
  'content-language',
  'atproto-repo-rev',
  'atproto-content-labelers',
  'retry-after',
]

/**
 * Sends the request on with a service auth token of the caller's and returns the answer as it is.
 * Only for callers who are signed in.
 *
 * @throws InvalidRequestError when no such service is configured; UpstreamFailureError
 */
export async function forward(
  request: Request,
  nsid: string,
  service: ServiceName | undefined,
  app: App,
): Promise<Response> {
  const { did } = await authenticate(session, request, nsid, app)
  const target = resolveTarget(request, nsid, service, app)
  const token = unwrap(await app.account(did).signServiceToken({ aud: target.did, lxm: nsid }))
  const headers = pick(request.headers, REQUEST_HEADERS)
  headers.set('authorization', `Bearer ${token}`)
  const { search } = new URL(request.url)
  try {
    const response = await fetch(`${target.url}/xrpc/${nsid}${search}`, {
      method: request.method,
      headers,
      body: request.body,
      redirect: 'manual',
    })
    return new Response(response.body, {
      status: response.status,
      headers: pick(response.headers, RESPONSE_HEADERS),
    })
  } catch (cause) {
    app.log.error('upstream unreachable', cause, { service: target.did, nsid })
    throw new UpstreamFailureError('Upstream service unreachable', 'UpstreamFailure', { cause })
  }
}

function resolveTarget(
  request: Request,
  nsid: string,
  service: ServiceName | undefined,
  { config }: App,
): ServiceTarget {
  const header = request.headers.get('atproto-proxy')
  if (header !== null) {
    const did = parseProxyHeader(header)
    const known = [config.appview, config.chat, config.moderation].find(
      (target) => target?.did === did,
    )
    if (!known) throw new InvalidRequestError('could not resolve proxy did')
    return known
  }
  const target = service && config[service]
  if (!target) throw new InvalidRequestError(`No service configured for ${nsid}`)
  return target
}

/** `did:web:api.bsky.app#bsky_appview` → the DID. @throws InvalidRequestError */
function parseProxyHeader(header: string): string {
  if (header.includes(' ')) throw new InvalidRequestError('proxy header cannot contain spaces')
  const [did, fragment, ...rest] = header.split('#')
  if (!did) throw new InvalidRequestError('no did specified in proxy header')
  if (!fragment) throw new InvalidRequestError('no service id specified in proxy header')
  if (rest.length > 0 || !did.startsWith('did:')) {
    throw new InvalidRequestError('invalid proxy header format')
  }
  return did
}

function pick(source: Headers, names: readonly string[]): Headers {
  const picked = new Headers()
  for (const name of names) {
    const value = source.get(name)
    if (value !== null) picked.set(name, value)
  }
  return picked
}
