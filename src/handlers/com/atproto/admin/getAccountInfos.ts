import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/admin/getAccountInfos'
import { adminOrModerator } from '#src/server/auth/policy.ts'
import { accountView } from '#src/services/accounts/account-view.ts'

/** Each account's object is asked. */
const MAX_ACCOUNTS = 100

/** Those that are not here are left out. */
export default define({
  auth: adminOrModerator,
  async handler({ params, services }) {
    const dids = [...new Set(params.dids)]
    if (dids.length > MAX_ACCOUNTS) {
      throw new InvalidRequestError(`Ask for ${MAX_ACCOUNTS} accounts at most`)
    }
    const views = await Promise.all(dids.map((did) => accountView(did, services)))
    return { infos: views.filter((view) => view !== undefined) }
  },
})
