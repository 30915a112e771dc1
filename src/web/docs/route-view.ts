/** Where methods go and who may call them, in words. */
import { html } from 'hono/html'
import type { Services } from '../../context/services.ts'
import { isOwned } from '../../routing/decide.ts'
import {
  type Access,
  accessOf,
  accessOfForwarded,
  type Credentials,
  type RateLimitOfMethod,
} from '../../server/access.ts'
import { networkLimitOf } from '../../server/limits/network-limits.ts'
import { bodyLimitOf } from '../../server/xrpc/body.ts'
import { fallbackOf } from '../../server/xrpc/fallback.ts'
import { loadHandler, routeOf } from '../../server/xrpc/routes.ts'
import type { Html } from '../layout.ts'

type Settings = Pick<Services, 'config'>

/** Where a method goes on this host, with its settings. */
export type Destination =
  | { to: 'local' }
  | { to: 'refused' }
  | { to: 'forwarded'; service: string; address: string }

export function destinationOf(nsid: string, { config }: Settings): Destination {
  if (routeOf(nsid)?.to === 'local') return { to: 'local' }
  const fallback = isOwned(nsid) ? 'refuse' : fallbackOf(nsid, { config })
  if (fallback === 'refuse') return { to: 'refused' }
  if (typeof fallback === 'object') {
    const { did, id } = fallback
    return { to: 'forwarded', service: 'a service', address: `${did}#${id}` }
  }
  const service = config[fallback]
  if (!service) return { to: 'refused' }
  return { to: 'forwarded', service: NAMES[fallback], address: `${service.did}#${service.id}` }
}

const NAMES = {
  appview: 'the AppView',
  chat: 'the chat service',
  moderation: 'the moderation service',
}

export function routeWord(destination: Destination): string {
  if (destination.to === 'local') return 'answered here'
  return destination.to === 'refused' ? 'refused' : `forwarded to ${destination.service}`
}

export interface MethodAccess extends Access {
  /** Bytes of the body. */
  bodyLimit: number | undefined
}

/** Loads the handler of a method that is answered here. Undefined for what is refused. */
export async function accessTo(
  nsid: string,
  destination: Destination,
  { config }: Settings,
): Promise<MethodAccess | undefined> {
  if (destination.to === 'refused') return undefined
  const route = routeOf(nsid)
  if (route?.to !== 'local') return { ...accessOfForwarded(nsid), bodyLimit: undefined }
  const definition = await loadHandler(nsid, route)
  return { ...accessOf(definition), bodyLimit: bodyLimitOf(definition, config) }
}

const CREDENTIALS: Readonly<Record<Credentials, string>> = {
  session: 'who is signed in, with any password of the account',
  'main password': 'who is signed in with the main password',
  'refresh token': 'the holder of a refresh token',
  operator: 'the operator of the host',
  service: 'a service, with a token that an account signed for it',
}

/** Who may call, what apps need, how often. */
export function accessView(nsid: string, access: MethodAccess, hasInput: boolean): Html {
  const { anyone, credentials, oauth, limits, bodyLimit } = access
  const who = credentials.map((kind) => CREDENTIALS[kind])
  const network = { ...networkLimitOf(nsid), by: 'network' }
  return html`<dl class="facts">
<dt>Who may call</dt><dd>${capital(anyone ? ['anybody', ...who].join('; also ') : who.join(', or '))}.</dd>
${
  credentials.includes('session') || credentials.includes('main password')
    ? html`<dt>Apps (OAuth)</dt><dd>${appsView(oauth)}</dd>`
    : ''
}
<dt>How often</dt><dd>${[network, ...limits].map(limitWords).join('; ')}.</dd>
${hasInput && bodyLimit !== undefined ? html`<dt>Largest body</dt><dd>${bodyLimit.toLocaleString('en')} bytes</dd>` : ''}
</dl>`
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

function appsView(oauth: Access['oauth']): Html {
  if (oauth === undefined) return html`Not with an OAuth token.`
  if (oauth === 'varies') return html`The scope depends on what is asked for.`
  return html`${oauth.map((scope) => html`<code>${scope}</code> `)}`
}

const UNITS: readonly (readonly [string, number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
]

function limitWords({ limit, window, by }: RateLimitOfMethod): string {
  const [unit, length] = UNITS.find(([, ms]) => window % ms === 0) ?? ['second', 1000]
  const count = window / length
  return `${limit.toLocaleString('en')} in ${count === 1 ? `a ${unit}`.replace('a h', 'an h') : `${count} ${unit}s`} by ${by}`
}
