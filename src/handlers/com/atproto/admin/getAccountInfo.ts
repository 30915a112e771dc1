import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/admin/getAccountInfo'
import { adminOrModerator } from '#src/server/auth/policy.ts'
import { accountView } from '#src/services/accounts/account-view.ts'

export default define({
  auth: adminOrModerator,
  async handler({ params, services }) {
    const view = await accountView(params.did, services)
    if (!view) throw new InvalidRequestError('Account not found', 'NotFound')
    return view
  },
})
