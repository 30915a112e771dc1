/** The provider's ReplayStore: exact, since one object counts for all isolates. */
import type { ReplayStore } from '@atproto/oauth-provider/store'
import { hashOf } from '../../server/auth/oauth-secrets.ts'
import { currentApp } from '../../server/current-request.ts'

export const replayStore: ReplayStore = {
  async unique(namespace, nonce, timeFrame) {
    return currentApp().oauth.isFirst(hashOf(`${namespace}\0${nonce}`), timeFrame)
  },
}
