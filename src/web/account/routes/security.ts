/** Passkeys, second factor, password: plain forms, but for passkeys. */
import { AuthRequiredError, XRPCError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import type { TotpSetup } from '../../../contracts/account/sign-in.ts'
import { expiredSessionCookie } from '../../../server/session-cookie.ts'
import { checkPassword } from '../../../services/accounts/passwords.ts'
import { checkPasskeyName } from '../../../services/factors/passkeys.ts'
import { unlessRefused } from '../../../services/objects/result.ts'
import { alertBox, SETTINGS } from '../../layout.ts'
import { csrfTokenOf } from '../browser-session.ts'
import {
  accountOf,
  assertFresh,
  change,
  confirmPath,
  freshAccountOf,
  isConfirmationRequired,
  tell,
} from '../change.ts'
import { field, jsonBody, textOf } from '../form.ts'
import { operatorsShowFactor } from '../guard.ts'
import { limitSignIn } from '../limits.ts'
import { pathOf } from '../navigation.ts'
import type { PageContext, PageEnv } from '../page-env.ts'
import { recoveryCodes, totpPage } from '../sections/second-factor.ts'
import { settingsFrame } from '../settings-page.ts'

const TOTP = `${SETTINGS}/totp`

/** Where it is changed what somebody signs in with. */
const FACTOR_PATHS = [
  '/passkeys',
  '/passkeys/*',
  '/totp/*',
  '/email-code/*',
  '/recovery-codes',
  '/review',
] as const

export const security = new Hono<PageEnv>()
  .on('POST', [...FACTOR_PATHS], operatorsShowFactor)
  .post('/passkeys/options', async (c) => {
    try {
      const options = await freshAccountOf(c).passkeys.beginRegistration()
      return c.body(options, 200, { 'content-type': 'application/json' })
    } catch (error) {
      if (!isConfirmationRequired(error)) throw error
      return c.json({ confirm: confirmPath('security') }, 401)
    }
  })
  .post('/passkeys', async (c) => {
    const { name: typed, answer } = await jsonBody(c)
    const name = checkPasskeyName(textOf(typed))
    await accountOf(c).passkeys.register(name, JSON.stringify(answer ?? null))
    tell(c, { kind: 'passkey added', name })
    return c.json({})
  })
  .post('/passkeys/rename', (c) =>
    change(c, 'security', async () => {
      const name = checkPasskeyName(await field(c, 'name'))
      await accountOf(c).passkeys.rename(await field(c, 'id'), name)
      return 'passkey-renamed'
    }),
  )
  .post('/passkeys/remove', (c) =>
    change(c, 'security', async () => {
      await freshAccountOf(c).passkeys.remove(await field(c, 'id'), c.var.session.token)
      tell(c, { kind: 'passkey removed' })
      return 'passkey-removed'
    }),
  )
  .post('/totp/begin', (c) =>
    change(c, 'security', async () => {
      await freshAccountOf(c).factors.beginTotp()
      return c.redirect(TOTP, 303)
    }),
  )
  .get('/totp', async (c) => {
    const setup = await unlessRefused(accountOf(c).factors.pendingTotp())
    return setup ? showTotp(c, setup) : c.redirect(pathOf('security'), 303)
  })
  .post('/totp/confirm', async (c) =>
    change(c, 'security', async () => {
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
    change(c, 'security', async () => {
      await freshAccountOf(c).factors.disableTotp()
      tell(c, { kind: 'authenticator app off' })
      return 'totp-off'
    }),
  )
  .post('/email-code/on', (c) =>
    change(c, 'security', async () => {
      await assertFresh(c)
      const { services } = c.env
      const { did } = c.var.session
      await services.mailedCodes.setEnabled(did, true)
      if ((await accountOf(c).factors.get()).recoveryCodes > 0) return 'email-on'
      const codes = await accountOf(c).factors.renewRecoveryCodes()
      return { done: 'email-on', shownOnce: recoveryCodes(codes) }
    }),
  )
  .post('/email-code/off', (c) =>
    change(c, 'security', async () => {
      // Whoever is here has shown a code, where an access token alone would not say so.
      await freshAccountOf(c).factors.setEmailFactor(false)
      tell(c, { kind: 'codes by mail off' })
      return 'email-off'
    }),
  )
  .post('/recovery-codes', (c) =>
    change(c, 'security', async () => {
      const codes = await freshAccountOf(c).factors.renewRecoveryCodes()
      tell(c, { kind: 'recovery codes made' })
      return { shownOnce: recoveryCodes(codes) }
    }),
  )
  .post('/password', (c) =>
    change(c, 'security', async () => {
      await assertFresh(c)
      const { services } = c.env
      const { did } = c.var.session
      await limitSignIn(c, did)
      const password = checkPassword(await field(c, 'new'))
      const attempt = { identifier: did, password: await field(c, 'current') }
      const found = await services.accounts.tryPassword(attempt, () =>
        accountOf(c).passwords.verify(attempt.password),
      )
      if (!found) throw new AuthRequiredError('The password that you have now is another one.')
      await services.mail.setPassword(did, password)
      c.header('set-cookie', expiredSessionCookie(services.config))
      return c.redirect(`${SETTINGS}?done=password-changed`, 303)
    }),
  )

async function showTotp(c: PageContext, setup: TotpSetup, alert?: string): Promise<Response> {
  const { session } = c.var
  const main = await totpPage(setup, csrfTokenOf(session), alertBox(alert))
  const frame = { title: 'Set up an authenticator app', main }
  const page = settingsFrame(c.env.services, session, frame)
  return c.html(page, alert === undefined ? 200 : 400)
}
