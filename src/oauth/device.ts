/**
 * Signs somebody in on the browser that the provider knows by its cookies, as the provider does when it has checked
 * a password itself: for ways to sign in that it does not know of.
 */
import { randomBytes } from 'node:crypto'
import type { DeviceId, SessionId } from '@atproto/oauth-provider/store'
import type { Services } from '../context/services.ts'
import { equalSecrets } from '../kernel/crypto/equal-secrets.ts'
import { browserMarks, welcomeBrowser } from './new-browser.ts'
import { deviceStore } from './store/devices.ts'
import { notedEpoch } from './store/epochs.ts'

/** The provider's own, of its DeviceManager: ten years, in seconds. */
const COOKIE_AGE = 315_532_800
const ID_PATTERN = /^dev-[0-9a-f]{32}$/
const SESSION_PATTERN = /^ses-[0-9a-f]{32}$/

/**
 * Links an account to the browser that sends `cookie`. The secret in the browser's cookie becomes another one, so
 * that whoever knew the one before is not signed in with its owner.
 *
 * `beginEpoch` is to be called before the credentials are looked at.
 *
 * @returns `Set-Cookie` headers; undefined when the provider does not know the browser
 */
export async function signInOnDevice(
  services: Services,
  cookie: string | undefined,
  did: string,
): Promise<string[] | undefined> {
  const id = read(cookie, 'dev-id')
  const session = read(cookie, 'ses-id')
  if (!ID_PATTERN.test(id) || !SESSION_PATTERN.test(session)) return undefined
  const devices = deviceStore(services)
  const device = await devices.readDevice(id as DeviceId)
  if (!device || !equalSecrets(device.sessionId, session)) return undefined
  const next = `ses-${randomBytes(16).toString('hex')}` as SessionId
  await devices.updateDevice(id as DeviceId, { sessionId: next, lastSeenAt: new Date() })
  const isNew = await services.oauth.devices.signIn(id, did, notedEpoch(did))
  welcomeBrowser(services, did, { isNew })
  return [write('dev-id', id), write('ses-id', next), ...browserMarks()]
}

function read(cookie: string | undefined, name: string): string {
  const pairs = (cookie ?? '').split(/; */)
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? ''
}

const write = (name: string, value: string): string =>
  `${name}=${value}; Max-Age=${COOKIE_AGE}; Path=/; HttpOnly; Secure; SameSite=Lax`
