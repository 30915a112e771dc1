/** Signs somebody out of a browser: of these pages, and of those of the OAuth provider. */
import { deviceOf } from '../../oauth/device.ts'
import { expiredSessionCookie } from '../../server/session-cookie.ts'
import { SETTINGS } from '../layout.ts'
import type { BrowserSession } from './browser-session.ts'
import type { PageContext } from './page-env.ts'

export async function signOut(
  c: PageContext,
  { did, token }: Pick<BrowserSession, 'did' | 'token'>,
): Promise<Response> {
  const { services } = c.env
  const { browserSessions } = services.account(did)
  const devices = new Set([
    await browserSessions.deviceOf(token),
    // Also where they have signed in on the provider's pages, after they did on these.
    await deviceOf(services, c.req.header('cookie')),
  ])
  await browserSessions.close(token)
  for (const device of devices) {
    if (device === undefined) continue
    await services.oauth.devices.signOut(device, did)
    await browserSessions.closeOfDevice(device)
  }
  c.header('set-cookie', expiredSessionCookie(services.config), { append: true })
  return c.redirect(SETTINGS, 303)
}
