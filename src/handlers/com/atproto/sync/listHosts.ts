import { define } from '#lex/com/atproto/sync/listHosts'
import { anyone } from '#src/server/auth/policy.ts'

/** The hosts that events here come from: this one alone, since a PDS reads from no other. */
export default define({
  auth: anyone,
  async handler({ params, services }) {
    if (params.cursor !== undefined) return { hosts: [] }
    const { head, accounts } = await services.sequencer.status()
    const { hostname } = services.config
    return { hosts: [{ hostname, seq: head, accountCount: accounts, status: 'active' }] }
  },
})
