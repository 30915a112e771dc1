import type { AccountDependencies } from './dependencies.ts'

/**
 * Deletes an account and frees its names. When this is cut off after the first step, a background job of the account
 * does the rest. The caller makes sure that the owner or the operator wants it.
 *
 * @throws XRPCError `RepoNotFound`
 */
export async function deleteAccount(
  { objects }: Pick<AccountDependencies, 'objects'>,
  did: string,
): Promise<void> {
  // What the directory has is to go whatever its object has left of it.
  const known = await objects.directory.accounts.find('did', did)
  await objects.account(did).lifecycle.destroy(known && did)
  await objects.directory.accounts.remove(did)
}
