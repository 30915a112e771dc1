/** The provider's ReplayStore: exact, since one object counts for all isolates. */
import type { ReplayStore } from '@atproto/oauth-provider/store'
import type { Services } from '../../context/services.ts'
import { hashOf } from '../../server/auth/oauth-secrets.ts'

/**
 * Assertions are taken for a minute from their `iat`, whatever their `exp` says: an app cannot make the host keep
 * their ids for longer. ms
 */
const ASSERTIONS = 5 * 60 * 1000

export const replayStore = (services: Services): ReplayStore => ({
  async unique(namespace, nonce, timeFrame) {
    const window = namespace.startsWith('Auth@') ? Math.min(timeFrame, ASSERTIONS) : timeFrame
    return services.oauth.replays.isFirst(hashOf(`${namespace}\0${nonce}`), window)
  },
})
