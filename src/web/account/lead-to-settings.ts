import type { Services } from '../../context/services.ts'
import { deviceOf } from '../../oauth/device.ts'
import { SETTINGS } from '../layout.ts'
import { browserSessionOf } from './browser-session.ts'

/**
 * Whoever is signed in on this host's pages, and did not want to stay so, finds on the provider's account page a form to
 * sign in. All of it is on this host's pages too: the browser is sent there.
 *
 * @returns undefined where the provider's page is to be shown
 */
export async function leadToSettings(
  request: Request,
  services: Services,
): Promise<Response | undefined> {
  if (request.method !== 'GET') return undefined
  const session = await browserSessionOf(request, services)
  if (!session) return undefined
  const device = await deviceOf(services, request.headers.get('cookie') ?? undefined)
  const rows =
    device === undefined ? [] : await services.oauth.devices.accounts({ deviceId: device })
  if (rows.length > 0) return undefined
  return new Response(null, { status: 303, headers: { location: SETTINGS } })
}
