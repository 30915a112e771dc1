/** Which service a request goes to. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { ServiceTarget } from '../kernel/config/config.ts'
import type { ServiceName } from '../routing/policy.ts'
import type { NamedService } from '../routing/settings.ts'
import { serviceOf } from '../services/identity/did-document.ts'
import { IdentityError } from '../services/identity/identity-error.ts'
import type { ProxyServices } from './services.ts'

/** A service that requests may be sent to. */
export interface Target extends ServiceTarget {
  /** The operator chose the address, so that it may be any; otherwise a DID document did. */
  byOperator: boolean
}

/** Where requests go that name no service: a configured one, or one from PDS_PROXY_ROUTES. */
export type Fallback = ServiceName | 'report' | NamedService | undefined

type Parts = Pick<ProxyServices, 'config' | 'identity'>

/**
 * The service that the request's `atproto-proxy` header names, or else `fallback`.
 *
 * @throws InvalidRequestError
 */
export async function findTarget(
  request: Request,
  nsid: string,
  fallback: Fallback,
  services: Parts,
): Promise<Target> {
  const header = request.headers.get('atproto-proxy')
  if (header) return locate(parseProxyHeader(header), services)
  if (typeof fallback === 'object') return locate(fallback, services)
  const configured = fallback && services.config[fallback]
  if (!configured) throw new InvalidRequestError(`No service configured for ${nsid}`)
  return { ...configured, byOperator: true }
}

/**
 * Where a service is: where the configuration says, or its DID document.
 *
 * @throws InvalidRequestError
 */
export async function locate(
  { did, id, url }: NamedService,
  { config, identity }: Parts,
): Promise<Target> {
  if (url !== undefined) return { did, id, url, byOperator: true }
  const configured = [config.appview, config.chat, config.moderation, config.report].find(
    (service) => service?.did === did && service.id === id,
  )
  if (configured) return { ...configured, byOperator: true }
  const document = await identity.did(did).catch((cause: unknown) => {
    if (!(cause instanceof IdentityError)) throw cause
    throw new InvalidRequestError('could not resolve proxy did', undefined, { cause })
  })
  const endpoint = serviceOf(document, `#${id}`)
  if (!endpoint) throw new InvalidRequestError('could not resolve proxy did service url')
  return { did, id, url: new URL(endpoint).origin, byOperator: false }
}

/** `did:web:api.bsky.app#bsky_appview`. @throws InvalidRequestError */
export function parseProxyHeader(header: string): NamedService {
  const [did = '', id, ...rest] = header.split('#')
  if (did === '') throw new InvalidRequestError('no did specified in proxy header')
  if (!id) throw new InvalidRequestError('no service id specified in proxy header')
  if (rest.length > 0) throw new InvalidRequestError('invalid proxy header format')
  if (header.includes(' ')) throw new InvalidRequestError('proxy header cannot contain spaces')
  if (!did.startsWith('did:')) throw new InvalidRequestError('invalid proxy header format')
  return { did, id }
}
