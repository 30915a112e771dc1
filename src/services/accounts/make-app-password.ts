import { InvalidRequestError } from '@atproto/xrpc-server'
import type { App } from '../../app.ts'
import { makeAppPassword } from '../../kernel/crypto/app-password.ts'
import type { AppPassword } from '../../storage/account/app-passwords.ts'
import { unwrap } from '../objects/result.ts'

/**
 * Makes up a password for one app; it is shown this once.
 *
 * @param input the name, as it was typed
 * @throws XRPCError `InvalidRequest` for the name
 */
export async function addAppPassword(
  app: App,
  did: string,
  input: string,
  privileged: boolean,
): Promise<AppPassword & { password: string }> {
  const name = input.trim()
  if (name === '' || name.length > 100) {
    throw new InvalidRequestError('The name of an app password has 1 to 100 characters')
  }
  const password = makeAppPassword()
  return { ...unwrap(await app.account(did).addAppPassword(name, password, privileged)), password }
}
