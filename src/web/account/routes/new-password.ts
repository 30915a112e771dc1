/** Where somebody sets a new password who was given a link by an operator. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import { enforceLimits } from '../../../context/limits/enforce.ts'
import { resetPasswordLimits } from '../../../context/limits/policy.ts'
import { checkPassword } from '../../../services/accounts/passwords.ts'
import { NEW_PASSWORD_PATH } from '../../../services/operator-actions.ts'
import { alertBox, type Html, noticeBox, type PageConfig, page, SETTINGS } from '../../layout.ts'
import { failureOf } from '../failure.ts'
import { field } from '../form.ts'
import type { PageEnv } from '../page-env.ts'

const PATH = NEW_PASSWORD_PATH.slice(SETTINGS.length)

export const newPassword = new Hono<PageEnv>()
  .get(PATH, (c) => c.html(newPasswordPage(c.env.services.config)))
  .post(PATH, async (c) => {
    const { services, context } = c.env
    const token = await field(c, 'token')
    try {
      await enforceLimits(resetPasswordLimits, {}, context, services)
      await services.mail.resetPassword(token, checkPassword(await field(c, 'password')))
    } catch (error) {
      const { message: alert, status } = failureOf(error)
      return c.html(newPasswordPage(services.config, { alert, token }), status)
    }
    return c.html(donePage(services.config))
  })

/** @param options.token what was typed, to be typed again if it was wrong */
const newPasswordPage = (
  config: PageConfig,
  { alert, token = '' }: { alert?: string; token?: string } = {},
): Html =>
  page({
    title: 'New password',
    config,
    script: {},
    main: html`<div class="narrow">
<h1>New password</h1>
${alertBox(alert)}
<section>
<form method="post" action="${NEW_PASSWORD_PATH}">
<label for="token">Code</label>
<p class="quiet" id="token-hint">What stands behind the # of the link that you were given.</p>
<input id="token" name="token" value="${token}" aria-describedby="token-hint" data-from-link autocomplete="off" autocapitalize="none"
 spellcheck="false" maxlength="100" required>
<label for="password">New password, of at least 8 characters</label>
<input id="password" name="password" type="password" autocomplete="new-password" minlength="8" maxlength="256" required>
<button class="wide">Set the password</button>
</form>
</section>
</div>`,
  })

const donePage = (config: PageConfig): Html =>
  page({
    title: 'New password',
    config,
    main: html`<div class="narrow">
<h1>New password</h1>
${noticeBox('The password is set. All apps and browsers are signed out.')}
<p><a class="button" href="${SETTINGS}">Sign in</a></p>
</div>`,
  })
