/**
 * What a handler's definition says of its callers, as data for documentation: the OpenAPI document of the generator and
 * the pages below `/docs`. It knows definitions by their shape only, since the generator reads them outside of workerd.
 */

/** As much of a definition as matters here. */
export interface DescribedDefinition {
  auth: {
    readonly accept: readonly string[]
    readonly orAnonymous?: boolean
    readonly scopes?: readonly string[]
    readonly oauth?: 'any'
  }
  oauth?: unknown
  inputLimit?: unknown
  limits?: readonly RateLimitOfMethod[]
}

export interface RateLimitOfMethod {
  limit: number
  /** ms */
  window: number
  by: string
}

/** Ways to show who one is. */
export type Credentials = 'session' | 'main password' | 'refresh token' | 'operator' | 'service'

export interface Access {
  /** Whether it may be called without credentials. */
  anyone: boolean
  /** Credentials of which one is enough; those that may be given where `anyone` may call. */
  credentials: Credentials[]
  /** Scopes that an app's OAuth token needs; undefined: apps cannot call it. */
  oauth: Scopes | undefined
  limits: readonly RateLimitOfMethod[]
  /** Bytes of the body, where the handler says a number. */
  maxBody: number | undefined
}

/** `varies`: it depends on what is asked for. */
export type Scopes = readonly string[] | 'varies'

export function accessOf({ auth, oauth, inputLimit, limits }: DescribedDefinition): Access {
  const { accept, orAnonymous = false, scopes = [] } = auth
  const credentials = new Set<Credentials>()
  const forApps = scopes.includes('com.atproto.appPass')
  for (const kind of accept) {
    if (kind === 'session') credentials.add(forApps ? 'session' : 'main password')
    else if (kind === 'refresh') credentials.add('refresh token')
    else if (kind === 'admin' || kind === 'operator') credentials.add('operator')
    else credentials.add('service')
  }
  return {
    anyone: accept.length === 0 || orAnonymous,
    credentials: [...credentials],
    oauth: accept.includes('session') ? scopesOf(oauth ?? auth.oauth) : undefined,
    limits: limits ?? [],
    maxBody: typeof inputLimit === 'number' ? inputLimit : undefined,
  }
}

/** Who may call what is forwarded: whoever is signed in; apps, if they may have it called. */
export const accessOfForwarded = (nsid: string): Access => ({
  anyone: false,
  credentials: ['session'],
  oauth: [rpcScope(nsid)],
  limits: [],
  maxBody: undefined,
})

function scopesOf(rule: unknown): Scopes | undefined {
  if (rule === undefined || rule === 'never') return undefined
  if (rule === 'any') return ['atproto']
  if (typeof rule === 'function') {
    return 'rpc' in rule && typeof rule.rpc === 'string' ? [rpcScope(rule.rpc)] : 'varies'
  }
  const scope = typeof rule === 'object' && rule !== null && scopeOf({ ...rule })
  return scope ? [scope] : 'varies'
}

const rpcScope = (nsid: string, aud = '*'): string => `rpc:${nsid}?aud=${aud.replace('#', '%23')}`

/** A permission, as a rule or a handler's source has it; one of the first five says which. */
export interface WrittenPermission {
  /** A collection, or `*`. */
  repo?: string
  /** A method; of any service where there is no `aud`. */
  rpc?: string
  /** A MIME type. */
  blob?: string
  account?: string
  identity?: string
  action?: string
  aud?: string
}

/** A permission as a scope (permission specification). */
export function scopeOf(permission: WrittenPermission): string | undefined {
  const { repo, rpc, blob, account, identity, action, aud } = permission
  if (repo !== undefined) return `repo:${repo}?action=${action ?? 'create'}`
  if (rpc !== undefined) return rpcScope(rpc, aud)
  if (blob !== undefined) return `blob:${blob}`
  if (account !== undefined)
    return `account:${account}${action === 'manage' ? '?action=manage' : ''}`
  return identity === undefined ? undefined : `identity:${identity}`
}
