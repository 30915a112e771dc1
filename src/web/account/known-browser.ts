import { isKnownBrowser, knownBrowserCookie } from '../../services/mail/known-browser.ts'
import type { PageContext } from './page-env.ts'

/** After a sign-in: tells the owner, if the browser is a new one, and marks it as known. */
export function welcomeBrowser(c: PageContext, did: string): void {
  const { config, mail } = c.env.services
  if (!isKnownBrowser(config, did, c.req.header('cookie') ?? '')) {
    mail.tell(did, { kind: 'new browser', userAgent: c.req.header('user-agent') ?? null })
  }
  mail.noteLanguage(did)
  c.header('set-cookie', knownBrowserCookie(config, did), { append: true })
}
