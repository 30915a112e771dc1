/** The provider's ReplayStore: exact, since one object counts for all isolates. */
import type { ReplayStore } from '@atproto/oauth-provider/store'
import type { Services } from '../../context/services.ts'
import { hashOf } from '../../server/auth/oauth-secrets.ts'

export const replayStore = (services: Services): ReplayStore => ({
  async unique(namespace, nonce, timeFrame) {
    return services.oauth.replays.isFirst(hashOf(`${namespace}\0${nonce}`), timeFrame)
  },
})
