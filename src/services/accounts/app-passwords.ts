import { InvalidRequestError } from '@atproto/xrpc-server'
import { makeAppPassword } from '../../kernel/crypto/app-password.ts'
import type { AppPassword } from '../../storage/account/app-passwords.ts'
import type { AccountDependencies } from './dependencies.ts'

/**
 * Makes up a password for one app; it is shown this once.
 *
 * @param input the name, as it was typed
 * @throws XRPCError `InvalidRequest` for the name
 */
export async function addAppPassword(
  dependencies: AccountDependencies,
  did: string,
  input: string,
  privileged: boolean,
): Promise<AppPassword & { password: string }> {
  const name = input.trim()
  if (name === '' || name.length > 100) {
    throw new InvalidRequestError('The name of an app password has 1 to 100 characters')
  }
  const password = makeAppPassword()
  const { passwords } = dependencies.objects.account(did)
  return { ...(await passwords.addAppPassword(name, password, privileged)), password }
}
