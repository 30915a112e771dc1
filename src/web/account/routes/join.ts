/** Where an invitation leads: what this host is, the code, and where to sign up. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import type { Config } from '../../../kernel/config/config.ts'
import { inviteCodeIn, inviteCookie } from '../../../server/invite-cookie.ts'
import { type Html, type PageConfig, page, SETTINGS } from '../../layout.ts'
import type { PageEnv } from '../page-env.ts'

export const JOIN_PATH = `${SETTINGS}/join`

export const join = new Hono<PageEnv>().get('/join', (c) => {
  const { config } = c.env.services
  // What is no code is not shown: the page is no place for the words of others.
  const code = inviteCodeIn(c.req.query('code'))
  if (code !== undefined && config.registration === 'approval') {
    c.header('set-cookie', inviteCookie(config, code))
  }
  return c.html(joinPage(config, code))
})

/** What it says depends on whether the provider's sign-up page is there. */
export const joinPage = (
  config: PageConfig & Pick<Config, 'registration'>,
  code: string | undefined,
): Html =>
  page({
    title: 'You are invited',
    config,
    main: html`<div class="narrow">
<h1>You are invited</h1>
<section>
<p>Somebody invites you to have your account at <strong>${config.branding.name}</strong>, a home for accounts of Bluesky and
other apps of the AT Protocol.</p>
${code === undefined ? html`<p>The link has no invite code: ask for it.</p>` : html`<p>Your invite code:</p><code class="secret">${code}</code>`}
${config.registration === 'closed' ? '' : html`<p><a class="button wide" href="/account/sign-up">Sign up here</a></p>`}
<p class="quiet">${config.registration === 'closed' ? 'Sign up in' : 'Or in'} an app such as <a href="https://bsky.app">Bluesky</a>: choose “Create account”, “Custom” as hosting provider,
and enter <strong>${config.publicUrl}</strong> and the code.</p>
</section>
</div>`,
  })
