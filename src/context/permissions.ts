/** What OAuth tokens allow (permission specification). */
import type { ScopePermissionsTransition } from '@atproto/oauth-scopes'
import { ForbiddenError } from '@atproto/xrpc-server'

/** One thing that a token must allow. */
export type Permission =
  | { repo: string; action: 'create' | 'update' | 'delete' }
  /** A method of another service, `<did>#<id>`. */
  | { rpc: string; aud: string }
  /** A MIME type. */
  | { blob: string }
  | { account: 'email' | 'repo' | 'status'; action: 'read' | 'manage' }
  | { identity: 'handle' | '*' }

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
