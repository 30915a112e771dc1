import { define } from '#lex/com/atproto/sync/getRepoStatus'
import { anyone } from '#src/server/auth/policy.ts'

export default define({
  auth: anyone,
  async handler({ params, services }) {
    const { did } = await services.accounts.get(params.did)
    const { rev, status } = await services.account(did).repository.status()
    return status === 'active' ? { did, active: true, rev } : { did, active: false, status }
  },
})
