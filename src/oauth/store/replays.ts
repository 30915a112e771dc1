/** The provider's ReplayStore: exact, since one object counts for all isolates. */
import type { ReplayStore } from '@atproto/oauth-provider/store'
import type { Services } from '../../context/services.ts'
import { hashOf } from '../../server/auth/oauth-secrets.ts'

/**
 * Assertions and request objects of apps are taken for a minute from their `iat`, and half a minute before and after
 * for the sake of clocks, whatever their `exp` says. An app can make the host keep their ids neither shorter nor
 * longer. ms
 */
const SIGNED = 5 * 60 * 1000

export const replayStore = (services: Services): ReplayStore => ({
  async unique(namespace, nonce, timeFrame) {
    const window = /^(?:Auth|JAR)@/.test(namespace) ? SIGNED : timeFrame
    return services.oauth.replays.isFirst(hashOf(`${namespace}\0${nonce}`), window)
  },
})
