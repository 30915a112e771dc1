import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/admin/getSubjectStatus'
import { adminOrModerator } from '#src/server/auth/policy.ts'

export default define({
  auth: adminOrModerator,
  async handler({ params, services }) {
    if (params.did === undefined || params.uri !== undefined || params.blob !== undefined) {
      throw new InvalidRequestError('This host takes down whole accounts only: give a did')
    }
    const { did } = await services.accounts.get(params.did)
    const { takedown, deactivated } = await services.account(did).profile.get()
    return {
      subject: { $type: 'com.atproto.admin.defs#repoRef' as const, did },
      takedown: { applied: takedown !== null, ...(takedown !== null && { ref: takedown }) },
      deactivated: { applied: deactivated },
    }
  },
})
