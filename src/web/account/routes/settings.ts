/**
 * What somebody does who is signed in to the account page: plain forms, answered with a redirect, or with the page
 * itself where there is something to be shown once.
 */
import { XRPCError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import type { TotpSetup } from '../../../contracts/account/sign-in.ts'
import { checkPasskeyName } from '../../../services/factors/passkeys.ts'
import type { Notice } from '../../../services/mail/notice-mail.ts'
import { unlessRefused } from '../../../services/objects/result.ts'
import { alertBox, SETTINGS } from '../../layout.ts'
import { csrfTokenOf } from '../browser-session.ts'
import { failureOf } from '../failure.ts'
import { field, jsonBody, textOf } from '../form.ts'
import { operatorsShowFactor, signedInOnly } from '../guard.ts'
import { limitAppPasswords } from '../limits.ts'
import type { PageContext, PageEnv } from '../page-env.ts'
import { newAppPassword } from '../sections/app-passwords.ts'
import { recoveryCodes, totpPage } from '../sections/second-factor.ts'
import { type SettingsOptions, settingsFrame, settingsPage } from '../settings-page.ts'

/** Where it is changed what somebody signs in with. */
const FACTOR_PATHS = [
  '/passkeys',
  '/passkeys/*',
  '/totp/*',
  '/email-code/*',
  '/recovery-codes',
  '/review',
] as const

export const settings = new Hono<PageEnv>()
  .use(signedInOnly)
  .on('POST', [...FACTOR_PATHS], operatorsShowFactor)
  .post('/passkeys/options', async (c) => {
    const options = await accountOf(c).passkeys.beginRegistration()
    return c.body(options, 200, { 'content-type': 'application/json' })
  })
  .post('/passkeys', async (c) => {
    const { name: typed, answer } = await jsonBody(c)
    const name = checkPasskeyName(textOf(typed))
    await accountOf(c).passkeys.register(name, JSON.stringify(answer ?? null))
    tell(c, { kind: 'passkey added', name })
    return c.json({})
  })
  .post('/passkeys/rename', (c) =>
    change(c, async () => {
      const name = checkPasskeyName(await field(c, 'name'))
      await accountOf(c).passkeys.rename(await field(c, 'id'), name)
      return 'passkey-renamed'
    }),
  )
  .post('/passkeys/remove', (c) =>
    change(c, async () => {
      await accountOf(c).passkeys.remove(await field(c, 'id'), c.var.session.token)
      tell(c, { kind: 'passkey removed' })
      return 'passkey-removed'
    }),
  )
  .post('/totp/begin', (c) =>
    change(c, async () => {
      await accountOf(c).factors.beginTotp()
      return c.redirect(`${SETTINGS}/totp`, 303)
    }),
  )
  .get('/totp', async (c) => {
    const setup = await unlessRefused(accountOf(c).factors.pendingTotp())
    return setup ? showTotp(c, setup) : c.redirect(SETTINGS, 303)
  })
  .post('/totp/confirm', async (c) =>
    change(c, async () => {
      const { factors } = accountOf(c)
      const code = await field(c, 'code')
      try {
        const codes = await factors.enableTotp(code)
        tell(c, { kind: 'authenticator app on' })
        return codes.length > 0 ? { done: 'totp-on', shownOnce: recoveryCodes(codes) } : 'totp-on'
      } catch (error) {
        if (!(error instanceof XRPCError) || error.customErrorName !== 'InvalidToken') throw error
        return showTotp(c, await factors.pendingTotp(), error.message)
      }
    }),
  )
  .post('/totp/remove', (c) =>
    change(c, async () => {
      await accountOf(c).factors.disableTotp()
      tell(c, { kind: 'authenticator app off' })
      return 'totp-off'
    }),
  )
  .post('/email-code/on', (c) =>
    change(c, async () => {
      const { services } = c.env
      const { did } = c.var.session
      await services.mailedCodes.setEnabled(did, true)
      if ((await accountOf(c).factors.get()).recoveryCodes > 0) return 'email-on'
      const codes = await accountOf(c).factors.renewRecoveryCodes()
      return { done: 'email-on', shownOnce: recoveryCodes(codes) }
    }),
  )
  .post('/email-code/off', (c) =>
    change(c, async () => {
      // Whoever is here has shown a code, where an access token alone would not say so.
      await accountOf(c).factors.setEmailFactor(false)
      tell(c, { kind: 'codes by mail off' })
      return 'email-off'
    }),
  )
  .post('/recovery-codes', (c) =>
    change(c, async () => {
      const codes = await accountOf(c).factors.renewRecoveryCodes()
      tell(c, { kind: 'recovery codes made' })
      return { shownOnce: recoveryCodes(codes) }
    }),
  )
  .post('/app-passwords', (c) =>
    change(c, async () => {
      await limitAppPasswords(c)
      const privileged = (await field(c, 'privileged')) !== ''
      const { did } = c.var.session
      const name = await field(c, 'name')
      const made = await c.env.services.accounts.addAppPassword(
        did,
        { name, privileged },
        holderOf(c),
      )
      tell(c, { kind: 'app password added', name: made.name })
      return { shownOnce: newAppPassword(made.name, made.password) }
    }),
  )
  .post('/app-passwords/revoke', (c) =>
    change(c, async () => {
      await accountOf(c).passwords.removeAppPassword(await field(c, 'name'))
      return 'app-password-revoked'
    }),
  )

  .post('/review', (c) =>
    change(c, async () => {
      const remove = (await field(c, 'remove')) !== ''
      await accountOf(c).passwords.endReview(remove, c.var.session.token)
      return remove ? 'access-removed' : 'access-kept'
    }),
  )

const tell = (c: PageContext, notice: Notice): void =>
  c.env.services.mail.tell(c.var.session.did, notice)

/** Whoever is signed in must still be when something is changed. */
const holderOf = (c: PageContext) => ({ browser: c.var.session.token })

const accountOf = (c: PageContext) => c.env.services.account(c.var.session.did, holderOf(c))

/** Does something, and shows the page as it is then: with its reason if it was refused. */
async function change(
  c: PageContext,
  work: () => string | SettingsOptions | Response | Promise<string | SettingsOptions | Response>,
): Promise<Response> {
  const { services } = c.env
  const { session } = c.var
  try {
    const result = await work()
    if (result instanceof Response) return result
    if (typeof result === 'string') return c.redirect(`${SETTINGS}?done=${result}`, 303)
    return c.html(await settingsPage(services, session, result))
  } catch (error) {
    const { message: alert, status } = failureOf(error)
    return c.html(await settingsPage(services, session, { alert }), status)
  }
}

async function showTotp(c: PageContext, setup: TotpSetup, alert?: string): Promise<Response> {
  const { session } = c.var
  const main = await totpPage(setup, csrfTokenOf(session), alertBox(alert))
  const frame = { title: 'Set up an authenticator app', main }
  const page = await settingsFrame(c.env.services, session, frame)
  return c.html(page, alert === undefined ? 200 : 400)
}
