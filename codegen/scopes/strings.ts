/** Derived permissions as the `scope` of an app (atproto Permission spec, Scope String Syntax). Pure. */
import type { Derived, SetPermission } from './derive.ts'

/** An audience as it stands in a scope. */
export const encodeAudience = (aud: string): string => aud.replace('#', '%23')

/** The service that answers the methods of a host itself. */
export const audienceOf = (hostname: string): string => `did:web:${hostname}#atproto_pds`

/** Every permission written out. @param aud of the methods; `*`: of any host */
export const fullScope = ({ permissions, outside }: Derived, aud = '*'): string =>
  [
    'atproto',
    ...permissions.flatMap((permission) => scopesOf(permission, aud)),
    ...outside.map(({ scope }) => scope),
  ].join(' ')

/** The same by the name of a permission set that holds what it can. */
export function includeScope({ outside, permissions }: Derived, set: string, aud = '*'): string {
  const inherits = permissions.some(({ inheritAud }) => inheritAud)
  const include = `include:${set}${inherits && aud !== '*' ? `?aud=${encodeAudience(aud)}` : ''}`
  return ['atproto', include, ...outside.map(({ scope }) => scope)].join(' ')
}

function scopesOf({ resource, collection = [], action, lxm = [] }: SetPermission, aud: string) {
  if (resource === 'rpc') return lxm.map((nsid) => `rpc:${nsid}?aud=${encodeAudience(aud)}`)
  const actions = (action ?? []).map((one) => `action=${one}`).join('&')
  return collection.map((nsid) => `repo:${nsid}${actions && `?${actions}`}`)
}
