import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/admin/searchAccounts'
import { adminOrModerator } from '#src/server/auth/policy.ts'
import { accountSummary } from '#src/services/accounts/account-view.ts'
import type { SearchPlace } from '#src/storage/directory/account-list.ts'

/** Accounts whose handle, address or DID begins with what is in `email`; all of them without it. */
export default define({
  auth: adminOrModerator,
  async handler({ params, services }) {
    const { email: prefix = '', limit, cursor } = params
    const after = cursor === undefined ? undefined : readCursor(cursor)
    const { accounts, next } = await services.directory.accounts.search(prefix, limit, after)
    return {
      accounts: accounts.map(accountSummary),
      ...(next && { cursor: `${next.by}::${next.name}` }),
    }
  },
})

/** @throws InvalidRequestError */
function readCursor(cursor: string): SearchPlace {
  const [by, name, ...rest] = cursor.split('::')
  if ((by !== 'handle' && by !== 'email' && by !== 'did') || !name || rest.length > 0) {
    throw new InvalidRequestError('Malformed cursor')
  }
  return { by, name }
}
