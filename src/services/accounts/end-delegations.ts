import type { App } from '../../app.ts'

/** Ends whatever apps were given by an account: OAuth sessions and consents, and app passwords. */
export async function endDelegations(app: App, did: string): Promise<void> {
  const account = app.account(did)
  await app.oauth.forgetAccount(did, { devices: false })
  for (const { name } of await account.listAppPasswords()) await account.removeAppPassword(name)
}
