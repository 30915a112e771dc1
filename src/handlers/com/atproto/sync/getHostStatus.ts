import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/sync/getHostStatus'
import { anyone } from '#src/server/auth/policy.ts'

/** Relays say this of the hosts they read from; a PDS knows it of itself. */
export default define({
  auth: anyone,
  async handler({ params, services }) {
    const { hostname } = services.config
    if (params.hostname.toLowerCase() !== hostname) {
      throw new InvalidRequestError('This host knows of itself only', 'HostNotFound')
    }
    const { head, accounts } = await services.sequencer.status()
    return { hostname, seq: head, accountCount: accounts, status: 'active' }
  },
})
