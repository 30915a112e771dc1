/** Keeps a host from serving anybody while an account has a name of the operator's. */
import { ConfigError } from '../../kernel/config/config.ts'
import type { OperatorNames } from '../identity/operator-names.ts'
import type { DirectoryClient } from '../objects/stubs.ts'

/**
 * Looks for such an account. Once there is none it need not be looked for again: settings do not change meanwhile, and no such
 * account can be made.
 *
 * @throws ConfigError that names the account
 */
export async function assertNoOperatorAccount(
  names: OperatorNames,
  directory: DirectoryClient,
): Promise<void> {
  const { handles, dids } = names.list()
  const account = await directory.accounts.findAny(handles, dids)
  if (!account) return
  const { handle, did } = account
  const [what, remedy] = names.hasDid(did)
    ? ['the DID', 'delete it (com.atproto.admin.deleteAccount), or use another name in the setting']
    : ['the handle', 'give it another one (com.atproto.admin.updateAccountHandle)']
  throw new ConfigError(
    `${what} of the account ${handle} (${did}) is a name of this host or of a service in its settings, in whose ` +
      `place it could speak. Only com.atproto.admin.* is answered, with the operator's password: ${remedy}. ` +
      'Where the host does not start at all, start it once with the setting as it was before.',
  )
}

/** Whether a request may be answered even so: by its form, it is the operator's own. */
export function isOperatorRequest({ headers }: Request, path: string): boolean {
  const isBasic = /^basic\s/i.test(headers.get('authorization') ?? '')
  return isBasic && path.startsWith('/xrpc/com.atproto.admin.')
}
