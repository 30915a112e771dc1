/** Keeps a host from serving anybody while an account has a name of the operator's. */
import { ConfigError } from '../../kernel/config/config.ts'
import type { OperatorNames } from '../identity/operator-names.ts'
import type { DirectoryClient } from '../objects/stubs.ts'

const checked = new WeakMap<OperatorNames, Promise<void>>()

/**
 * Looks for such an account; once per isolate, since settings do not change meanwhile and no such account can be
 * made.
 *
 * @throws ConfigError that names the account
 */
export function assertNoOperatorAccount(
  names: OperatorNames,
  directory: () => DirectoryClient,
): Promise<void> {
  let check = checked.get(names)
  if (!check) {
    check = look(names, directory())
    checked.set(names, check)
    // What failed is looked at again: there may have been no answer, or the operator has mended it.
    check.catch(() => checked.delete(names))
  }
  return check
}

async function look(names: OperatorNames, directory: DirectoryClient): Promise<void> {
  const { handles, dids } = names.list()
  const account = await directory.accounts.findAny(handles, dids)
  if (!account) return
  throw new ConfigError(
    `The account ${account.handle} (${account.did}) has a name that belongs to this host or to a service in its ` +
      'settings: whoever holds it can speak for them. Nothing is answered but com.atproto.admin.* with the ' +
      "operator's password: give the account another handle with updateAccountHandle, or delete it with deleteAccount. " +
      '`npm start` does not get so far: start it once with that setting as it was.',
  )
}

/** Whether a request may be answered even so: by its form, it is the operator's own. */
export function isOperatorRequest({ headers }: Request, path: string): boolean {
  const isBasic = /^basic\s/i.test(headers.get('authorization') ?? '')
  return isBasic && path.startsWith('/xrpc/com.atproto.admin.')
}
