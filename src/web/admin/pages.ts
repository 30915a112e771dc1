/** The pages of the console, in the order of the navigation; the first is where `/admin` leads. */
import type { ConsolePage } from './page.ts'
import { accounts } from './pages/accounts.ts'
import { audit } from './pages/audit.ts'
import { collections } from './pages/collections.ts'
import { invites } from './pages/invites.ts'
import { jobs } from './pages/jobs.ts'
import { mail } from './pages/mail.ts'
import { moderation } from './pages/moderation.ts'
import { overview } from './pages/overview.ts'
import { relays } from './pages/relays.ts'
import { settings } from './pages/settings.ts'
import { signUps } from './pages/sign-ups.ts'
import { webhooks } from './pages/webhooks.ts'

export const consolePages: readonly ConsolePage[] = [
  overview,
  accounts,
  invites,
  signUps,
  moderation,
  relays,
  mail,
  collections,
  jobs,
  webhooks,
  settings,
  audit,
]
