import { define } from '#lex/com/atproto/sync/getRepoStatus'
import { anyone } from '#src/server/auth/policy.ts'
import { unwrap } from '#src/services/objects/result.ts'

export default define({
  auth: anyone,
  async handler({ params, app }) {
    const { did } = await app.getResident(params.did)
    const { rev, status } = unwrap(await app.account(did).status())
    return status === 'active' ? { did, active: true, rev } : { did, active: false, status }
  },
})
