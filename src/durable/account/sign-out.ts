import { hashToken } from '../../kernel/crypto/random-token.ts'
import type { BrowserSessions } from '../../storage/account/browser-sessions.ts'
import type { OneTime } from '../../storage/account/one-time.ts'
import type { Sessions } from '../../storage/account/sessions.ts'
import { INITIAL_BACKOFF, type Job, type Scheduler } from '../scheduler.ts'
import type { SignOut } from './passwords.ts'
import type { SignOuts } from './sign-outs.ts'

/** What somebody is signed in with. */
export interface SignedInParts {
  sessions: Pick<Sessions, 'closeAll'>
  browsers: Pick<BrowserSessions, 'closeAll'>
  oneTime: Pick<OneTime, 'removeAll'>
  signOuts: Pick<SignOuts, 'add'>
  scheduler: Scheduler
  /** Ends what the OAuth server gave out. */
  oauth: Job
}

/** Ends what is open for an account, here and with the OAuth server. */
export function signOutOf(parts: SignedInParts): SignOut {
  const { sessions, browsers, oneTime, signOuts, scheduler, oauth } = parts
  const signOut: SignOut = {
    here() {
      sessions.closeAll()
      signOut.browsers()
    },
    browsers(keep) {
      signOuts.add()
      browsers.closeAll(keep && hashToken(keep))
      for (const purpose of ['password', 'link', 'passkey'] as const) oneTime.removeAll(purpose)
      // Noted with the change, so that a crash delays it at most.
      scheduler.runLater(oauth, INITIAL_BACKOFF)
    },
    async oauth() {
      // A run that is under way may have come too early for this change.
      await scheduler.finished(oauth)
      scheduler.start(oauth)
      await scheduler.finished(oauth)
    },
  }
  return signOut
}
