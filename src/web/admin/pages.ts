/** The pages of the console, in the order of the navigation; the first is where `/admin` leads. */
import type { ConsolePage } from './page.ts'
import { accounts } from './pages/accounts.ts'
import { audit } from './pages/audit.ts'
import { invites } from './pages/invites.ts'
import { mail } from './pages/mail.ts'
import { relays } from './pages/relays.ts'
import { settings } from './pages/settings.ts'

export const consolePages: readonly ConsolePage[] = [
  accounts,
  invites,
  relays,
  mail,
  settings,
  audit,
]
