/** Whoever is signed in on the OAuth provider's pages is signed in on these pages. */
import { AuthRequiredError } from '@atproto/xrpc-server'
import { accountsOn, deviceOf, rememberOnDevice, type SignedInAccount } from '../../oauth/device.ts'
import { sessionCookie } from '../../server/session-cookie.ts'
import { unlessRefused } from '../../services/objects/result.ts'
import { type BrowserSession, browserSessionOf, sessionOf } from './browser-session.ts'
import type { PageContext } from './page-env.ts'

/** Accounts that a browser is signed in to with the provider, by handle. */
export interface KnownAccount extends SignedInAccount {
  handle: string
}

/** An account of another browser's, or of none, was chosen. */
const notSignedIn = () =>
  new AuthRequiredError('You are not signed in to this account in this browser any more.')

/**
 * The session of whoever sends a request; one is opened for whoever is signed in to one account with the provider.
 * Where there are several, their owner chooses (`knownAccounts`).
 */
export async function currentSession(c: PageContext): Promise<BrowserSession | undefined> {
  const { services } = c.env
  const session = await browserSessionOf(c.req.raw, services)
  // What is sent comes from a page that showed a session.
  if (session || c.req.method !== 'GET') return session
  const [only, ...others] = await knownAccounts(c)
  return only && others.length === 0 ? unlessRefused(resume(c, only.did)) : undefined
}

export async function knownAccounts(c: PageContext): Promise<KnownAccount[]> {
  const { services } = c.env
  const device = await deviceOf(services, c.req.header('cookie'))
  if (device === undefined) return []
  const found = await accountsOn(services, device)
  const known = await Promise.all(
    found.map(async (account) => {
      const hosted = await services.accounts.find(account.did)
      return hosted && { ...account, handle: hosted.handle }
    }),
  )
  return known.filter((account) => account !== undefined)
}

/**
 * Opens a session for an account that the browser is signed in to with the provider. Credentials count as shown when they
 * were shown there.
 *
 * @throws XRPCError `AuthenticationRequired`, `AccountTakedown`
 */
export async function resume(c: PageContext, did: string): Promise<BrowserSession> {
  const { services } = c.env
  const device = await deviceOf(services, c.req.header('cookie'))
  if (device === undefined || !(await services.accounts.find(did))) throw notSignedIn()
  const { browserSessions } = services.account(did)
  // In this order: a sign-out that comes after the first look is seen when the session is opened.
  const begun = await browserSessions.beginOnDevice()
  const account = (await accountsOn(services, device)).find((known) => known.did === did)
  if (!account || begun === null) throw notSignedIn()
  const userAgent = c.req.header('user-agent')
  const token = await browserSessions.openOnDevice(begun, account.signedInAt, { device, userAgent })
  const session = await sessionOf(services, did, token)
  // The device may have been signed out meanwhile, which could not know of the session.
  const isStill = (await accountsOn(services, device)).some((known) => known.did === did)
  if (!session || !isStill) {
    await browserSessions.close(token)
    throw notSignedIn()
  }
  c.header('set-cookie', sessionCookie(services.config, { did, token }), { append: true })
  return session
}

/**
 * After a sign-in on these pages: the browser stays signed in, on the provider's pages as well. `beginEpoch` is to be
 * called before the credentials are looked at.
 */
export async function stayOnDevice(c: PageContext, did: string, token: string): Promise<void> {
  const { services } = c.env
  const cookie = c.req.header('cookie')
  const { device, cookies } = await rememberOnDevice(services, cookie, did)
  await services.account(did).browserSessions.bindDevice(token, device)
  for (const line of cookies) c.header('set-cookie', line, { append: true })
}
