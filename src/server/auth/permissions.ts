/**
 * What OAuth tokens must allow (permission specification), as data. A handler that accepts signed-in accounts
 * says it in `oauth`; without it, no token is enough.
 */
import type { ScopePermissionsTransition } from '@atproto/oauth-scopes'
import { ForbiddenError } from '@atproto/xrpc-server'
import type { App } from '../../app.ts'

/** One thing that a token must allow. */
export type Permission =
  | { repo: string; action: 'create' | 'update' | 'delete' }
  /** A method of another service, `<did>#<id>`. */
  | { rpc: string; aud: string }
  /** A MIME type. */
  | { blob: string }
  | { account: 'email' | 'repo' | 'status'; action: 'read' | 'manage' }
  | { identity: 'handle' | '*' }

/** A request, once its body is read. */
export interface PermittedCall<P, I> {
  params: P
  input: I
  encoding: string
  request: Request
  app: App
}

/**
 * - `never`: passwords only
 * - `any`: every token that is good for signing in
 * - a function: what it takes for this call; `mayForward` in src/proxy/ is one
 */
export type OAuthRule<P = never, I = never> =
  | 'never'
  | 'any'
  | Permission
  | ((call: PermittedCall<P, I>) => readonly Permission[] | Promise<readonly Permission[]>)

/** What a token allows, by its scope. Scopes that nobody knows allow nothing. */
export type Permissions = ScopePermissionsTransition

/** @throws ForbiddenError `ScopeMissingError`, naming the scope that would be needed */
export function assertPermitted(permissions: Permissions, needed: Permission): void {
  try {
    demand(permissions, needed)
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ScopeMissingError') throw error
    throw new ForbiddenError(error.message, 'ScopeMissingError')
  }
}

function demand(permissions: Permissions, needed: Permission): void {
  if ('repo' in needed) {
    permissions.assertRepo({ collection: needed.repo as never, action: needed.action })
  } else if ('rpc' in needed) {
    permissions.assertRpc({ lxm: needed.rpc, aud: needed.aud })
  } else if ('blob' in needed) {
    permissions.assertBlob({ mime: needed.blob })
  } else if ('account' in needed) {
    permissions.assertAccount({ attr: needed.account, action: needed.action })
  } else {
    permissions.assertIdentity({ attr: needed.identity })
  }
}

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
