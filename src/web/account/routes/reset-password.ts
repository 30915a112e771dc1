/**
 * A new password by a code that the operator has given out (`npx cumulus account reset-link`), or that was mailed. The
 * code may stand behind the `#` of the link, which no server and no log sees.
 */
import { Hono } from 'hono'
import { html } from 'hono/html'
import { enforceLimits } from '../../../context/limits/enforce.ts'
import { resetPasswordLimits } from '../../../context/limits/policy.ts'
import { checkPassword } from '../../../services/accounts/passwords.ts'
import { alertBox, type Html, noticeBox, type PageConfig, page, SETTINGS } from '../../layout.ts'
import { failureOf } from '../failure.ts'
import { field } from '../form.ts'
import type { PageEnv } from '../page-env.ts'

export const resetPassword = new Hono<PageEnv>()
  .get('/reset-password', (c) => c.html(resetPage(c.env.services.config)))
  .post('/reset-password', async (c) => {
    const { services, context } = c.env
    try {
      await enforceLimits(resetPasswordLimits, {}, context, services)
      const password = checkPassword(await field(c, 'password'))
      const did = await services.mail.resetPassword(await field(c, 'token'), password)
      services.accounts.invalidate(did)
      return c.html(donePage(services.config))
    } catch (error) {
      const { message: alert, status } = failureOf(error)
      return c.html(resetPage(services.config, alert), status)
    }
  })

const resetPage = (config: PageConfig, alert?: string): Html =>
  page({
    title: 'Set a new password',
    config,
    script: {},
    main: html`<div class="narrow">
<h1>Set a new password</h1>
${alertBox(alert)}
<section>
<form method="post" action="${SETTINGS}/reset-password">
<label for="token">Code</label>
<input id="token" name="token" data-from-link autocomplete="one-time-code" autocapitalize="none" spellcheck="false"
 maxlength="40" required>
<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" maxlength="256" required>
<button class="wide">Set the password</button>
</form>
</section>
<p class="quiet">The code is good once. All browsers and apps are signed out by a new password.</p>
</div>`,
  })

const donePage = (config: PageConfig): Html =>
  page({
    title: 'Set a new password',
    config,
    main: html`<div class="narrow">
<h1>Set a new password</h1>
${noticeBox('The new password is set, and all browsers and apps are signed out.')}
<p><a class="button" href="${SETTINGS}">Sign in</a></p>
</div>`,
  })
