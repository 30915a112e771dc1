import { assertPermitted } from '../auth/permissions.ts'
import type { UserCredentials } from '../auth/policy.ts'

/**
 * Lets a caller have methods called at another service. Of apps, the token must allow it; a session's scope was
 * looked at before.
 *
 * @param service `<did>#<id>`
 * @throws ForbiddenError `ScopeMissingError`
 */
export function assertMayCall(
  caller: UserCredentials,
  methods: readonly string[],
  service: string,
): void {
  if (caller.type !== 'oauth') return
  for (const rpc of methods) assertPermitted(caller.permissions, { rpc, aud: service })
}
