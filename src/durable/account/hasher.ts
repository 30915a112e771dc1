import type { Env } from '../../contracts/env.ts'
import { inlineLeases, PasswordHasher } from '../../kernel/crypto/password.ts'
import { RemoteHasher } from '../../kernel/crypto/remote-hasher.ts'

/** For all accounts of an isolate, which share a thread. */
const leases = inlineLeases()
let remote: RemoteHasher | undefined

/** What hashes the passwords of an object: a process beside workerd where there is one, else the object itself. */
export function hasherOf({ PASSWORD_HASHER }: Env, { id }: DurableObjectState): PasswordHasher {
  if (PASSWORD_HASHER) remote ??= new RemoteHasher(PASSWORD_HASHER)
  return new PasswordHasher({ key: id.toString(), remote, leases })
}
