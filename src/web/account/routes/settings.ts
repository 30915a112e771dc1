/**
 * What somebody does who is signed in to the account page: plain forms, answered with a redirect, or with the page
 * itself where there is something to be shown once.
 */
import { Hono, type MiddlewareHandler } from 'hono'
import { addAppPassword } from '../../../services/accounts/make-app-password.ts'
import { setEmailFactor } from '../../../services/factors/email-code.ts'
import { checkPasskeyName } from '../../../services/factors/passkeys.ts'
import { unwrap } from '../../../services/objects/result.ts'
import { alertBox, SETTINGS } from '../../layout.ts'
import { formTokenOf, isFormToken, visitorOf } from '../browser-session.ts'
import { failureOf } from '../failure.ts'
import { field, jsonBody, textOf } from '../form.ts'
import type { PageContext, PageEnv } from '../page-env.ts'
import { newAppPassword } from '../sections/app-passwords.ts'
import { recoveryCodes, totpPage } from '../sections/second-factor.ts'
import { type SettingsOptions, settingsFrame, settingsPage } from '../settings-page.ts'

/** Lets visitors pass, and of what they send only what a form or script of theirs sends. */
const visitorsOnly: MiddlewareHandler<PageEnv> = async (c, next) => {
  const isScript = c.req.header('content-type')?.startsWith('application/json') ?? false
  const visitor = await visitorOf(c.req.raw, c.env.app)
  if (!visitor) {
    if (!isScript) return c.redirect(SETTINGS, 303)
    return c.json({ message: 'You are not signed in any more. Open the page again.' }, 401)
  }
  if (c.req.method === 'POST') {
    const given = isScript ? c.req.header('x-form-token') : await field(c, 'form')
    if (!isFormToken(visitor, given)) return c.redirect(SETTINGS, 303)
  }
  c.set('visitor', visitor)
  return next()
}

export const settings = new Hono<PageEnv>()
  .use(visitorsOnly)
  .post('/passkeys/options', async (c) => {
    const options = unwrap(await accountOf(c).beginPasskey())
    return c.body(options, 200, { 'content-type': 'application/json' })
  })
  .post('/passkeys', async (c) => {
    const { name, answer } = await jsonBody(c)
    const added = accountOf(c).addPasskey(
      checkPasskeyName(textOf(name)),
      JSON.stringify(answer ?? null),
    )
    unwrap(await added)
    return c.json({})
  })
  .post('/passkeys/rename', (c) =>
    change(c, async () => {
      const name = checkPasskeyName(await field(c, 'name'))
      await accountOf(c).renamePasskey(await field(c, 'id'), name)
      return 'passkey-renamed'
    }),
  )
  .post('/passkeys/remove', (c) =>
    change(c, async () => {
      await accountOf(c).removePasskey(await field(c, 'id'))
      return 'passkey-removed'
    }),
  )
  .post('/totp/begin', (c) =>
    change(c, async () => {
      unwrap(await accountOf(c).beginTotp())
      return c.redirect(`${SETTINGS}/totp`, 303)
    }),
  )
  .get('/totp', async (c) => {
    const pending = await accountOf(c).pendingTotp()
    return pending.ok ? showTotp(c) : c.redirect(SETTINGS, 303)
  })
  .post('/totp/confirm', async (c) => {
    const outcome = await accountOf(c).enableTotp(await field(c, 'code'))
    if (!outcome.ok && outcome.refused.name === 'InvalidToken') {
      return showTotp(c, outcome.refused.message)
    }
    return change(c, () => {
      const codes = unwrap(outcome)
      return codes.length > 0 ? { done: 'totp-on', shownOnce: recoveryCodes(codes) } : 'totp-on'
    })
  })
  .post('/totp/remove', (c) =>
    change(c, async () => {
      await accountOf(c).disableTotp()
      return 'totp-off'
    }),
  )
  .post('/email-code/on', (c) =>
    change(c, async () => {
      const { app } = c.env
      const { did } = c.var.visitor
      await setEmailFactor(app, did, true)
      if (unwrap(await accountOf(c).factors()).recoveryCodes > 0) return 'email-on'
      const codes = unwrap(await accountOf(c).renewRecoveryCodes())
      return { done: 'email-on', shownOnce: recoveryCodes(codes) }
    }),
  )
  .post('/email-code/off', (c) =>
    change(c, async () => {
      // Whoever is here has shown a code, where an access token alone would not say so.
      unwrap(await accountOf(c).setEmailFactor(false))
      return 'email-off'
    }),
  )
  .post('/recovery-codes', (c) =>
    change(c, async () => ({
      shownOnce: recoveryCodes(unwrap(await accountOf(c).renewRecoveryCodes())),
    })),
  )
  .post('/app-passwords', (c) =>
    change(c, async () => {
      const privileged = (await field(c, 'privileged')) !== ''
      const { did } = c.var.visitor
      const made = await addAppPassword(c.env.app, did, await field(c, 'name'), privileged)
      return { shownOnce: newAppPassword(made.name, made.password) }
    }),
  )
  .post('/app-passwords/revoke', (c) =>
    change(c, async () => {
      await accountOf(c).removeAppPassword(await field(c, 'name'))
      return 'app-password-revoked'
    }),
  )

const accountOf = (c: PageContext) => c.env.app.account(c.var.visitor.did)

/** Does something, and shows the page as it is then: with its reason if it was refused. */
async function change(
  c: PageContext,
  work: () => string | SettingsOptions | Response | Promise<string | SettingsOptions | Response>,
): Promise<Response> {
  const { app } = c.env
  const { visitor } = c.var
  try {
    const result = await work()
    if (result instanceof Response) return result
    if (typeof result === 'string') return c.redirect(`${SETTINGS}?done=${result}`, 303)
    return c.html(await settingsPage(app, visitor, result))
  } catch (error) {
    const { message: alert, status } = failureOf(error)
    return c.html(await settingsPage(app, visitor, { alert }), status)
  }
}

async function showTotp(c: PageContext, alert?: string): Promise<Response> {
  const { app } = c.env
  const { visitor } = c.var
  const setup = unwrap(await accountOf(c).pendingTotp())
  const main = await totpPage(setup, formTokenOf(visitor), alertBox(alert))
  const frame = { title: 'Set up an authenticator app', main }
  return c.html(await settingsFrame(app, visitor, frame), alert === undefined ? 200 : 400)
}
