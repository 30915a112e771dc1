import type { AccountDependencies } from './dependencies.ts'

/** Revokes what an account has given to apps: OAuth sessions and consents, and app passwords. */
export async function revokeDelegations(
  dependencies: AccountDependencies,
  did: string,
): Promise<void> {
  const account = dependencies.objects.account(did)
  await dependencies.objects.oauth.accounts.remove(did, { devices: false })
  for (const { name } of await account.passwords.listAppPasswords())
    await account.passwords.removeAppPassword(name)
}
