import { InvalidRequestError } from '@atproto/xrpc-server'
import type { Holder } from '../../contracts/answer.ts'
import { makeAppPassword } from '../../kernel/crypto/app-password.ts'
import type { AppPassword } from '../../storage/account/app-passwords.ts'
import type { AccountDependencies } from './dependencies.ts'

/**
 * Makes up a password for one app; it is shown this once.
 *
 * @param input the name, as it was typed, and whether it opens private messages too
 * @param holder who asks for it
 * @throws XRPCError `InvalidRequest` for the name
 */
export async function addAppPassword(
  dependencies: AccountDependencies,
  did: string,
  input: { name: string; privileged: boolean },
  holder: Holder,
): Promise<AppPassword & { password: string }> {
  const name = input.name.trim()
  if (name === '' || name.length > 100) {
    throw new InvalidRequestError('The name of an app password has 1 to 100 characters')
  }
  const password = makeAppPassword()
  const { passwords } = dependencies.objects.account(did, holder)
  return { ...(await passwords.addAppPassword(name, password, input.privileged)), password }
}
