/** Signing in to the account page, and out. */
import { AuthRequiredError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import type { App } from '../../../app.ts'
import type { VisitAttempt } from '../../../durable/account/browser-sessions.ts'
import { enforceLimits } from '../../../server/limits/enforce.ts'
import { signInLimits } from '../../../server/limits/policy.ts'
import { findByIdentifier } from '../../../services/accounts/identifier.ts'
import { failSlowly, MAX_TRIED_LENGTH } from '../../../services/accounts/passwords.ts'
import { makeChallenge } from '../../../services/factors/challenge.ts'
import { mailSignInCode } from '../../../services/factors/email-code.ts'
import { authenticationOptions } from '../../../services/factors/passkeys.ts'
import { unwrap } from '../../../services/objects/result.ts'
import { SETTINGS } from '../../layout.ts'
import { noVisitCookie, visitCookie, visitorOf } from '../browser-session.ts'
import { failureOf } from '../failure.ts'
import { field, jsonBody, textOf } from '../form.ts'
import type { PageContext, PageEnv } from '../page-env.ts'
import { findPasskey } from '../passkey-sign-in.ts'
import { codePage, signInPage } from '../sign-in-page.ts'

export const signIn = new Hono<PageEnv>()
  .post('/sign-in', async (c) => {
    const { app } = c.env
    const identifier = await field(c, 'identifier')
    try {
      const { did, attempt } = await tryPassword(app, identifier, await field(c, 'password'))
      if ('visit' in attempt) return enter(c, did, attempt.visit)
      await mailSignInCode(app, did)
      return c.html(codePage(app.config.hostname, { did, ...attempt }))
    } catch (error) {
      const { message: alert, status } = failureOf(error)
      return c.html(signInPage(app.config.hostname, { alert, identifier }), status)
    }
  })
  .post('/sign-in/code', async (c) => {
    const { app } = c.env
    const did = await field(c, 'did')
    const ticket = await field(c, 'ticket')
    try {
      await limit(app, did)
      await app.getResident(did)
      const visit = unwrap(await app.account(did).completeVisit(ticket, await field(c, 'code')))
      return enter(c, did, visit)
    } catch (error) {
      const { message: alert, status } = failureOf(error)
      const { hostname } = app.config
      if (status === 400) return c.html(signInPage(hostname, { alert }), status)
      const wanted = await field(c, 'wanted')
      return c.html(codePage(hostname, { did, ticket, wanted, alert }), status)
    }
  })
  .post('/sign-in/passkey/options', (c) => {
    const { config } = c.env.app
    return c.json(authenticationOptions(config, makeChallenge(config.jwtSecret)))
  })
  .post('/sign-in/passkey', async (c) => {
    const { app } = c.env
    const { answer, identifier } = await jsonBody(c)
    const { did, id, json } = await findPasskey(app, answer, textOf(identifier))
    const visit = unwrap(await app.account(did).openVisitByPasskey(id, json))
    c.header('set-cookie', visitCookie(app.config, did, visit))
    return c.json({})
  })
  .post('/sign-out', async (c) => {
    const { app } = c.env
    const visitor = await visitorOf(c.req.raw, app)
    if (visitor) await app.account(visitor.did).closeVisit(visitor.token)
    c.header('set-cookie', noVisitCookie(app.config))
    return c.redirect(SETTINGS, 303)
  })

/** @throws AuthRequiredError; XRPCError `AccountTakedown`, `RateLimitExceeded` */
async function tryPassword(
  app: App,
  identifier: string,
  password: string,
): Promise<{ did: string; attempt: NonNullable<VisitAttempt> }> {
  const started = Date.now()
  await limit(app, identifier)
  const resident = await findByIdentifier(app, identifier)
  if (resident && password.length <= MAX_TRIED_LENGTH) {
    const attempt = unwrap(await app.account(resident.did).openVisit(password))
    if (attempt) return { did: resident.did, attempt }
  }
  await failSlowly(started)
  throw new AuthRequiredError('The handle or the password is wrong.')
}

/** Counted together with sign-ins by apps. */
const limit = (app: App, identifier: string) =>
  enforceLimits(signInLimits, { auth: undefined, input: { identifier } }, app)

function enter(c: PageContext, did: string, token: string): Response {
  c.header('set-cookie', visitCookie(c.env.app.config, did, token))
  return c.redirect(SETTINGS, 303)
}
