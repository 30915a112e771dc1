/** Signing in to the account page, and out. */
import { AuthRequiredError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import type { BrowserSignIn } from '../../../contracts/account/sign-in.ts'
import { makeChallenge } from '../../../services/factors/challenge.ts'
import { authenticationOptions } from '../../../services/factors/passkeys.ts'
import { SETTINGS } from '../../layout.ts'
import { browserSessionOf, expiredSessionCookie, sessionCookie } from '../browser-session.ts'
import { failureOf } from '../failure.ts'
import { field, jsonBody, textOf } from '../form.ts'
import { welcomeBrowser } from '../known-browser.ts'
import { limitSignIn } from '../limits.ts'
import type { PageContext, PageEnv } from '../page-env.ts'
import { findPasskey } from '../passkey-sign-in.ts'
import { codePage, signInPage } from '../sign-in-page.ts'

export const signIn = new Hono<PageEnv>()
  .post('/sign-in', async (c) => {
    const { services } = c.env
    const identifier = await field(c, 'identifier')
    try {
      const { did, attempt } = await tryPassword(c, identifier, await field(c, 'password'))
      if ('token' in attempt) return enter(c, did, attempt.token)
      await services.mailedCodes.send(did)
      return c.html(codePage(services.config, { did, ...attempt }))
    } catch (error) {
      const { message: alert, status } = failureOf(error)
      return c.html(signInPage(services.config, { alert, identifier }), status)
    }
  })
  .post('/sign-in/code', async (c) => {
    const { services } = c.env
    const did = await field(c, 'did')
    const ticket = await field(c, 'ticket')
    try {
      await limitSignIn(c, did)
      await services.accounts.get(did)
      const { browserSessions } = services.account(did)
      return enter(c, did, await browserSessions.complete(ticket, await field(c, 'code')))
    } catch (error) {
      const { message: alert, status } = failureOf(error)
      const { config } = services
      if (status === 400) return c.html(signInPage(config, { alert }), status)
      const wanted = await field(c, 'wanted')
      return c.html(codePage(config, { did, ticket, wanted, alert }), status)
    }
  })
  .post('/sign-in/passkey/options', (c) => {
    const { config } = c.env.services
    return c.json(authenticationOptions(config, makeChallenge(config.jwtSecret)))
  })
  .post('/sign-in/passkey', async (c) => {
    const { services } = c.env
    const { answer, identifier } = await jsonBody(c)
    const { did, id, json } = await findPasskey(c, answer, textOf(identifier))
    const token = await services.account(did).browserSessions.openByPasskey(id, json)
    c.header('set-cookie', sessionCookie(services.config, did, token))
    welcomeBrowser(c, did)
    return c.json({})
  })
  .post('/sign-out', async (c) => {
    const { services } = c.env
    const session = await browserSessionOf(c.req.raw, services)
    if (session) await services.account(session.did).browserSessions.close(session.token)
    c.header('set-cookie', expiredSessionCookie(services.config))
    return c.redirect(SETTINGS, 303)
  })

/** @throws AuthRequiredError; XRPCError `AccountTakedown`, `RateLimitExceeded` */
async function tryPassword(
  c: PageContext,
  identifier: string,
  password: string,
): Promise<{ did: string; attempt: NonNullable<BrowserSignIn> }> {
  await limitSignIn(c, identifier)
  const { services } = c.env
  const found = await services.accounts.tryPassword({ identifier, password }, (did) =>
    services.account(did).browserSessions.open(password),
  )
  if (found) return { did: found.did, attempt: found.result }
  throw new AuthRequiredError('The handle or the password is wrong.')
}

function enter(c: PageContext, did: string, token: string): Response {
  c.header('set-cookie', sessionCookie(c.env.services.config, did, token))
  welcomeBrowser(c, did)
  return c.redirect(SETTINGS, 303)
}
