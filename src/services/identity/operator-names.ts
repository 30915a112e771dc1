/** Names that belong to this host and to the services it trusts: nobody may get them as an account. */
import type { Config } from '../../kernel/config/config.ts'

/** The settings that name this host and the services it works with. */
export type NamingSettings = Pick<
  Config,
  | 'hostname'
  | 'serviceDid'
  | 'handleDomains'
  | 'appview'
  | 'chat'
  | 'moderation'
  | 'report'
  | 'serviceDids'
  | 'proxyRoutes'
  | 'crawlers'
  | 'plcUrl'
  | 'dohUrl'
  | 'imageUrlPattern'
  | 'mailFrom'
  | 'mailHost'
  | 'contactEmail'
  | 'privacyPolicyUrl'
  | 'termsOfServiceUrl'
>

/**
 * Host names and DIDs of the operator's, in small letters. Of whom is given one of them by this host, others would
 * think that the operator speaks: a did:web is served under its handle, and with the DID of the moderation service
 * one may take accounts down.
 */
export class OperatorNames {
  readonly #hosts: ReadonlySet<string>
  readonly #dids: ReadonlySet<string>
  /**
   * Host names of mail addresses and of the pages with policies: the operator may well have one as a handle, proven
   * like any foreign domain.
   */
  readonly #ownDomains: ReadonlySet<string>
  readonly #handleDomains: readonly string[]

  constructor(config: NamingSettings) {
    const routed = config.proxyRoutes.flatMap(({ to }) => (typeof to === 'object' ? [to] : []))
    const services = [config.appview, config.chat, config.moderation, config.report, ...routed]
    const dids = [
      config.serviceDid,
      ...config.serviceDids,
      ...services.map((service) => service?.did),
    ]
    const urls = [
      ...services.map((service) => service?.url),
      ...config.crawlers,
      config.plcUrl,
      config.dohUrl,
      config.imageUrlPattern,
    ]
    const hosts = [config.hostname, config.mailHost, ...dids.map(hostOfDid), ...urls.map(hostOfUrl)]
    const mail = [config.mailFrom, config.contactEmail].map((address) => address?.split('@').at(-1))
    const policies = [config.privacyPolicyUrl, config.termsOfServiceUrl].map(hostOfUrl)
    this.#dids = new Set(dids.filter(isGiven).map(lower))
    this.#hosts = new Set(hosts.filter(isGiven).map(lower))
    this.#ownDomains = new Set([...mail, ...policies].filter(isGiven).map(lower))
    this.#handleDomains = config.handleDomains
  }

  /** Whether a handle is one that no account may have. */
  hasHandle(handle: string): boolean {
    const name = handle.toLowerCase()
    if (this.#hosts.has(name)) return true
    return this.#ownDomains.has(name) && this.#handleDomains.some((domain) => name.endsWith(domain))
  }

  /** Whether a DID is one that no account may have. */
  hasDid(did: string): boolean {
    const host = hostOfDid(did)
    return this.#dids.has(did.toLowerCase()) || (host !== undefined && this.hasHandle(host))
  }

  /** All of them, as the accounts of this host are looked through for them once. */
  list(): { handles: string[]; dids: string[] } {
    const own = [...this.#ownDomains].filter((host) => this.hasHandle(host))
    const handles = [...new Set([...this.#hosts, ...own])]
    return { handles, dids: [...this.#dids, ...handles.map((host) => `did:web:${host}`)] }
  }
}

const isGiven = (text: string | undefined): text is string => text !== undefined && text !== ''
const lower = (text: string): string => text.toLowerCase()

const hostOfUrl = (url: string | undefined): string | undefined =>
  url === undefined ? undefined : URL.parse(url)?.hostname

/** The host of a did:web, without port (`%3A…`) and path (`:…`). */
function hostOfDid(did: string | undefined): string | undefined {
  const [, host] = /^did:web:([^:%]+)/i.exec(did ?? '') ?? []
  return host?.toLowerCase()
}
