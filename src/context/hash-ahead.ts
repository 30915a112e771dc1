import type { Env } from '../contracts/env.ts'
import { inlineLeases, PasswordHasher } from '../kernel/crypto/password.ts'
import { RemoteHasher } from '../kernel/crypto/remote-hasher.ts'
import type { AccountDependencies } from '../services/accounts/dependencies.ts'
import { fromResult, toResult } from '../services/objects/result.ts'

/**
 * Hashes the password of a new account in the process beside workerd, while this one makes its keys and its object. Where
 * there is no such process the object hashes it: the Worker may not have the CPU time.
 */
export function hashAhead({ PASSWORD_HASHER }: Env): AccountDependencies['hashAhead'] {
  if (!PASSWORD_HASHER) return () => undefined
  const remote = new RemoteHasher(PASSWORD_HASHER)
  const hasher = new PasswordHasher({ key: 'operator', remote, leases: inlineLeases() })
  return async (password, network) =>
    fromResult(await toResult(() => hasher.hash(password, network))) as string
}
