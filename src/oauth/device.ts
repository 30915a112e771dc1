/**
 * The browser as the provider knows it, by its cookies: who is signed in there, and signing in there as the provider
 * does when it has checked a password itself, for ways to sign in that it does not know of.
 */
import { randomBytes } from 'node:crypto'
import { AUTHENTICATION_MAX_AGE } from '@atproto/oauth-provider/constants'
import type { DeviceId, SessionId } from '@atproto/oauth-provider/store'
import { currentRequest } from '../context/current-request.ts'
import type { Services } from '../context/services.ts'
import { equalSecrets } from '../kernel/crypto/equal-secrets.ts'
import { readCookie } from '../kernel/host-cookie.ts'
import { browserMarks, welcomeBrowser } from './new-browser.ts'
import { deviceStore } from './store/devices.ts'
import { notedEpoch } from './store/epochs.ts'

/** The provider's own, of its DeviceManager: ten years, in seconds. */
const COOKIE_AGE = 315_532_800
const ID_PATTERN = /^dev-[0-9a-f]{32}$/
const SESSION_PATTERN = /^ses-[0-9a-f]{32}$/

/** An account that is signed in on a device. */
export interface SignedInAccount {
  did: string
  /** When credentials were shown, in ms since 1970. */
  signedInAt: number
}

/** The device that a request's cookies show to be its browser's; undefined: the provider does not know it. */
export async function deviceOf(
  services: Services,
  cookie: string | undefined,
): Promise<string | undefined> {
  const id = readCookie('dev-id', cookie) ?? ''
  const session = readCookie('ses-id', cookie) ?? ''
  if (!ID_PATTERN.test(id) || !SESSION_PATTERN.test(session)) return undefined
  const device = await deviceStore(services).readDevice(id as DeviceId)
  return device && equalSecrets(device.sessionId, session) ? id : undefined
}

/** Who is signed in on a device, lately enough for the provider to ask for nothing. */
export async function accountsOn(services: Services, device: string): Promise<SignedInAccount[]> {
  const rows = await services.oauth.devices.accounts({ deviceId: device })
  return rows
    .filter(({ updatedAt }) => updatedAt > Date.now() - AUTHENTICATION_MAX_AGE)
    .map(({ did, updatedAt }) => ({ did, signedInAt: updatedAt }))
}

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
  const id = await deviceOf(services, cookie)
  if (id === undefined) return undefined
  const { cookies, isNew } = await enter(services, id, did)
  welcomeBrowser(services, did, { isNew })
  return [...cookies, ...browserMarks()]
}

/**
 * The same for somebody who has signed in on a page of this host, which tells the owner of new browsers itself. A
 * browser that the provider does not know becomes known to it.
 *
 * @throws XRPCError `InvalidGrant` when the account was signed out everywhere meanwhile
 */
export async function rememberOnDevice(
  services: Services,
  cookie: string | undefined,
  did: string,
): Promise<{ device: string; cookies: string[] }> {
  const device = (await deviceOf(services, cookie)) ?? (await createDevice(services))
  const { cookies } = await enter(services, device, did)
  return { device, cookies }
}

async function createDevice(services: Services): Promise<string> {
  const id = `dev-${randomBytes(16).toString('hex')}` as DeviceId
  const { request, clientAddress } = currentRequest()
  await deviceStore(services).createDevice(id, {
    sessionId: newSession(),
    lastSeenAt: new Date(),
    userAgent: request.headers.get('user-agent'),
    ipAddress: clientAddress,
  })
  return id
}

async function enter(
  services: Services,
  id: string,
  did: string,
): Promise<{ cookies: string[]; isNew: boolean }> {
  const next = newSession()
  const change = { sessionId: next, lastSeenAt: new Date() }
  await deviceStore(services).updateDevice(id as DeviceId, change)
  const isNew = await services.oauth.devices.signIn(id, did, notedEpoch(did))
  return { cookies: [write('dev-id', id), write('ses-id', next)], isNew }
}

const newSession = () => `ses-${randomBytes(16).toString('hex')}` as SessionId

const write = (name: string, value: string): string =>
  `${name}=${value}; Max-Age=${COOKIE_AGE}; Path=/; HttpOnly; Secure; SameSite=Lax`
