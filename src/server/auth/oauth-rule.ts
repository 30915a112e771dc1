/**
 * What OAuth tokens must allow (permission specification), as data. A handler that accepts signed-in accounts
 * says it in `oauth`; without it, no token is enough.
 */
import { ForbiddenError } from '@atproto/xrpc-server'
import { assertPermitted, type Permission, type Permissions } from '../../context/permissions.ts'
import type { Services } from '../../context/services.ts'
import type { Collections } from '../../kernel/collections.ts'

/** A request, once its body is read. */
export interface PermittedCall<P, I> {
  params: P
  input: I
  encoding: string
  request: Request
  services: Services
}

/** A permission that is written out: a collection is one of those in the tree. */
type StatedPermission =
  | Exclude<Permission, { repo: string }>
  | { repo: keyof Collections | '*'; action: 'create' | 'update' | 'delete' }

/**
 * - `never`: passwords only
 * - `any`: every token that is good for signing in
 * - a function: what it takes for this call; `mayCall` here and `mayForward` in src/proxy/ are two
 */
export type OAuthRule<P = never, I = never> =
  | 'never'
  | 'any'
  | StatedPermission
  | ((call: PermittedCall<P, I>) => readonly Permission[] | Promise<readonly Permission[]>)

/**
 * The rule of a method of one's own: the token must allow to call it, of this host or of any. An app asks for
 * `rpc:<method>?aud=*`, or for the host as `aud=<its DID>%23atproto_pds`.
 */
export const mayCall = (nsid: string) =>
  Object.assign(
    ({ services }: { services: Pick<Services, 'config'> }): readonly Permission[] => [
      { rpc: nsid, aud: `${services.config.serviceDid}#atproto_pds` },
    ],
    // For documentation, which does not call the rule.
    { rpc: nsid },
  )

/**
 * What a rule says before the body is read: a request that must fail is not read first.
 *
 * @throws ForbiddenError
 */
export function assertRule(permissions: Permissions, rule: OAuthRule): void {
  if (rule === 'never') {
    throw new ForbiddenError('OAuth credentials are not supported for this endpoint', 'Forbidden')
  }
  if (typeof rule === 'object') assertPermitted(permissions, rule)
}

/** What a rule says of this very call. @throws ForbiddenError */
export async function assertCall(
  permissions: Permissions,
  rule: OAuthRule,
  call: PermittedCall<unknown, unknown>,
): Promise<void> {
  if (typeof rule !== 'function') return
  // The types of the rule were checked where it was written.
  for (const needed of await rule(call as PermittedCall<never, never>)) {
    assertPermitted(permissions, needed)
  }
}
