/** Owners are told when somebody signs in with a browser that was not used before: that of this request. */
import { currentRequest } from '../context/current-request.ts'
import type { Services } from '../context/services.ts'
import { isKnownBrowser, knownBrowserCookie } from '../services/mail/known-browser.ts'

/**
 * After a sign-in or sign-up: tells the owner, if the browser is a new one, and marks it as known (`browserMarks`).
 *
 * @param options.isNew false: it is known to be none, whether it is marked or not
 */
export function welcomeBrowser(services: Services, did: string, options: { isNew: boolean }): void {
  const { request, responseHeaders } = currentRequest()
  const { headers } = request
  const cookie = knownBrowserCookie(services.config, did)
  // Whoever has just signed up is marked, and is signed in then.
  if (responseHeaders.getSetCookie().includes(cookie)) return
  if (options.isNew && !isKnownBrowser(services.config, did, headers.get('cookie') ?? '')) {
    services.mail.tell(did, { kind: 'new browser', userAgent: headers.get('user-agent') })
  }
  responseHeaders.append('set-cookie', cookie)
}

/** `Set-Cookie` headers that the answer to this request is to have. */
export const browserMarks = (): string[] => currentRequest().responseHeaders.getSetCookie()
