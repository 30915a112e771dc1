/**
 * Where a method without a handler goes: the table to edit when this host should route differently.
 * Read by the generator (`codegen status` shows the outcome for every lexicon) and by the router
 * (for NSIDs that no lexicon here knows). A method with a handler file is always served locally.
 */

/** Services that requests may be forwarded to; addresses and DIDs come from the configuration. */
export const services = ['appview', 'chat', 'moderation'] as const
export type ServiceName = (typeof services)[number]

/** `match` is an NSID or a namespace followed by `.*`; the most specific match wins. */
export interface RouteRule {
  readonly match: string
  readonly to: ServiceName | 'refuse'
}

/**
 * Where a method goes that nothing in the table names: the AppView serves what apps of all kinds ask for, and says itself
 * what it does not know.
 */
export const defaultService: ServiceName = 'appview'

/**
 * Namespaces that belong to a PDS are refused: forwarding an account method that nobody wrote yet
 * would hand the caller's intent, and perhaps a password, to somebody else's server.
 */
export const rules: readonly RouteRule[] = [
  { match: 'com.atproto.admin.*', to: 'refuse' },
  { match: 'com.atproto.identity.*', to: 'refuse' },
  { match: 'com.atproto.lexicon.*', to: 'refuse' },
  { match: 'com.atproto.repo.*', to: 'refuse' },
  { match: 'com.atproto.server.*', to: 'refuse' },
  { match: 'com.atproto.simplespace.*', to: 'refuse' },
  { match: 'com.atproto.space.*', to: 'refuse' },
  { match: 'com.atproto.sync.*', to: 'refuse' },
  { match: 'com.atproto.temp.*', to: 'refuse' },

  { match: 'com.atproto.label.*', to: 'appview' },
  { match: 'com.atproto.label.subscribeLabels', to: 'refuse' },
  { match: 'com.atproto.temp.fetchLabels', to: 'appview' },
  { match: 'com.atproto.moderation.*', to: 'moderation' },

  { match: 'app.bsky.*', to: 'appview' },
  { match: 'chat.bsky.*', to: 'chat' },
  { match: 'tools.ozone.*', to: 'moderation' },
]
