/** The browser's session at the provider, for pages of this host that sign people in by other means. */
import type { App } from '../app.ts'
import { equalSecrets } from '../auth/equal-secrets.ts'
import { deviceData } from './store/devices.ts'

/**
 * Signs an account in on the browser that a request comes from: the provider's pages, at `/account` and
 * `/oauth/authorize`, then know it, as if its password had been given there.
 *
 * @returns false when the browser has not opened one of those pages before, so that it has no session
 */
export async function signInDevice(request: Request, app: App, did: string): Promise<boolean> {
  const cookies = readCookies(request)
  const id = cookies.get('dev-id') ?? ''
  const session = cookies.get('ses-id') ?? ''
  const device = id === '' ? undefined : await app.oauth.readDevice(id)
  if (!device) return false
  const { sessionId } = await deviceData(app, device)
  if (!equalSecrets(session, sessionId)) return false
  await app.oauth.signIn(id, did)
  return true
}

const readCookies = ({ headers }: Request): Map<string, string> =>
  new Map(
    (headers.get('cookie') ?? '').split(';').map((pair) => {
      const at = pair.indexOf('=')
      return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())]
    }),
  )
