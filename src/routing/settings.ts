/** Routes that the operator sets without touching the code: `PDS_PROXY_ROUTES`. */
import { isValidDid, isValidNsid } from '@atproto/syntax'
import { findRule, isOwned } from './decide.ts'
import { type ServiceName, services } from './policy.ts'

/** A service by its DID and the id of its entry there, and where it is, unless its DID document says so. */
export interface NamedService {
  readonly did: string
  /** Without `#`. */
  readonly id: string
  readonly url?: string
}

/** Methods (an NSID, or a namespace followed by `.*`) and where they go. */
export interface RouteSetting {
  readonly match: string
  readonly to: ServiceName | 'refuse' | NamedService
}

/**
 * Reads one route: `com.example.*=did:web:svc.example.com#my_service`, with `@https://…` after it to say where
 * the service is, or with the name of a configured service, or `none`, instead of the DID.
 *
 * @throws Error that says what is wrong
 */
export function parseRoute(text: string): RouteSetting {
  const [, match = '', target = ''] = /^([^=\s]+)\s*=\s*(\S+)$/.exec(text) ?? []
  const sample = match.endsWith('.*') ? `${match.slice(0, -1)}anything` : match
  if (!isValidNsid(sample)) {
    throw new Error(`"${text}" must be <NSID or namespace.*>=<service>`)
  }
  if (isOwned(sample)) {
    throw new Error(`"${match}" belongs to the PDS and is forwarded to nobody`)
  }
  return { match, to: parseTarget(target) }
}

/** The setting that applies to a method; none can open what belongs to the PDS. */
export const findSetting = (
  nsid: string,
  settings: readonly RouteSetting[],
): RouteSetting | undefined => (isOwned(nsid) ? undefined : findRule(nsid, settings))

function parseTarget(text: string): RouteSetting['to'] {
  if (text === 'none') return 'refuse'
  const name = services.find((service) => service === text)
  if (name) return name
  const [, did = '', id = '', url] = /^([^#@]+)#([^#@]+)(?:@(.+))?$/.exec(text) ?? []
  if (!isValidDid(did)) {
    throw new Error(
      `"${text}" must be a DID with the id of a service, ${services.join(', ')} or none`,
    )
  }
  if (url === undefined) return { did, id }
  const parsed = URL.parse(url)
  if (parsed?.protocol !== 'https:' && parsed?.protocol !== 'http:') {
    throw new Error(`"${url}" must be an http(s) URL`)
  }
  return { did, id, url: url.replace(/\/$/, '') }
}
