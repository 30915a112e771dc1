/** Signing in to the account pages, and out. */
import { AuthRequiredError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import type { BrowserSignIn } from '../../../contracts/account/sign-in.ts'
import { beginEpoch } from '../../../oauth/store/epochs.ts'
import { expiredSessionCookie, sessionCookie } from '../../../server/session-cookie.ts'
import { makeChallenge } from '../../../services/factors/challenge.ts'
import { authenticationOptions } from '../../../services/factors/passkeys.ts'
import { consolePath } from '../../admin/paths.ts'
import { SETTINGS } from '../../layout.ts'
import { browserSessionOf } from '../browser-session.ts'
import { failureOf } from '../failure.ts'
import { field, jsonBody, textOf } from '../form.ts'
import { welcomeBrowser } from '../known-browser.ts'
import { limitSignIn } from '../limits.ts'
import type { PageContext, PageEnv } from '../page-env.ts'
import { findPasskey } from '../passkey-sign-in.ts'
import { knownAccounts, resume, stayOnDevice } from '../resume.ts'
import { codePage, signInPage } from '../sign-in-page.ts'
import { signOut } from '../sign-out.ts'

export const signIn = new Hono<PageEnv>()
  .post('/sign-in', async (c) => {
    const { services } = c.env
    const identifier = await field(c, 'identifier')
    const remember = (await field(c, 'remember')) !== ''
    const next = await nextOf(c)
    try {
      const { did, attempt } = await tryPassword(c, identifier, await field(c, 'password'))
      if ('token' in attempt) return await enter(c, { did, token: attempt.token, remember })
      await services.mailedCodes.send(did)
      return c.html(codePage(services.config, { did, remember, next, ...attempt }))
    } catch (error) {
      const { message: alert, status } = failureOf(error)
      return c.html(signInPage(services.config, { alert, identifier, next }), status)
    }
  })
  .post('/sign-in/code', async (c) => {
    const { services } = c.env
    const did = await field(c, 'did')
    const ticket = await field(c, 'ticket')
    const remember = (await field(c, 'remember')) !== ''
    try {
      await limitSignIn(c, did)
      await services.accounts.get(did)
      if (remember) await beginEpoch(services, did)
      const { browserSessions } = services.account(did)
      const code = await field(c, 'code')
      const token = await browserSessions.complete(ticket, code, browserOf(c))
      return await enter(c, { did, token, remember })
    } catch (error) {
      const { message: alert, status } = failureOf(error)
      const { config } = services
      const next = await nextOf(c)
      if (status === 400) return c.html(signInPage(config, { alert, next }), status)
      const wanted = await field(c, 'wanted')
      return c.html(codePage(config, { did, ticket, wanted, remember, alert, next }), status)
    }
  })
  .post('/sign-in/known', async (c) => {
    try {
      await resume(c, await field(c, 'did'))
    } catch (error) {
      const { message: alert, status } = failureOf(error)
      const known = await knownAccounts(c)
      return c.html(signInPage(c.env.services.config, { alert, known }), status)
    }
    return c.redirect(SETTINGS, 303)
  })
  .post('/sign-in/passkey/options', (c) => {
    const { config } = c.env.services
    return c.json(authenticationOptions(config, makeChallenge(config.jwtSecret)))
  })
  .post('/sign-in/passkey', async (c) => {
    const { services } = c.env
    const { answer, identifier, remember } = await jsonBody(c)
    const { did, id, json } = await findPasskey(c, answer, textOf(identifier))
    if (remember === true) await beginEpoch(services, did)
    const { browserSessions } = services.account(did)
    const token = await browserSessions.openByPasskey(id, json, browserOf(c))
    await enter(c, { did, token, remember: remember === true })
    return c.json({})
  })
  .post('/sign-out', async (c) => {
    const { services } = c.env
    const session = await browserSessionOf(c.req.raw, services)
    if (session) return signOut(c, session)
    c.header('set-cookie', expiredSessionCookie(services.config))
    return c.redirect(SETTINGS, 303)
  })

const browserOf = (c: PageContext) => ({ userAgent: c.req.header('user-agent') })

/** @throws AuthRequiredError; XRPCError `RateLimitExceeded` */
async function tryPassword(
  c: PageContext,
  identifier: string,
  password: string,
): Promise<{ did: string; attempt: NonNullable<BrowserSignIn> }> {
  await limitSignIn(c, identifier)
  const { services } = c.env
  const found = await services.accounts.tryPassword({ identifier, password }, async (did) => {
    await beginEpoch(services, did)
    return services.account(did).browserSessions.open(password, browserOf(c))
  })
  if (found) return { did: found.did, attempt: found.result }
  throw new AuthRequiredError('The handle or the password is wrong.')
}

async function enter(
  c: PageContext,
  { did, token, remember }: { did: string; token: string; remember: boolean },
): Promise<Response> {
  if (remember) await stayOnDevice(c, did, token)
  const cookie = sessionCookie(c.env.services.config, { did, token })
  c.header('set-cookie', cookie, { append: true })
  welcomeBrowser(c, did)
  return c.redirect((await nextOf(c)) ?? SETTINGS, 303)
}

/** Where somebody was going who was asked to sign in. */
const nextOf = async (c: PageContext): Promise<string | undefined> =>
  consolePath(await field(c, 'next'))
