/** Where an invitation leads: what this host is, the code, and where to sign up. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import type { Config } from '../../../kernel/config/config.ts'
import { type Html, type PageConfig, page, SETTINGS } from '../../layout.ts'
import type { PageEnv } from '../page-env.ts'

export const JOIN_PATH = `${SETTINGS}/join`

export const join = new Hono<PageEnv>().get('/join', (c) => {
  const { config } = c.env.services
  const given = c.req.query('code') ?? ''
  // What is no code is not shown: the page is no place for the words of others.
  return c.html(joinPage(config, /^[a-z0-9-]{1,100}$/i.test(given) ? given : undefined))
})

/** What it says depends on whether the provider's sign-up page is there, and has a field for the code. */
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
${signUpHere(config.registration)}
<p class="quiet">${config.registration === 'closed' ? 'Sign up in' : 'Or in'} an app such as <a href="https://bsky.app">Bluesky</a>: choose “Create account”, “Custom” as hosting provider,
and enter <strong>${config.publicUrl}</strong> and the code.</p>
</section>
</div>`,
  })

function signUpHere(registration: Config['registration']): Html | '' {
  if (registration === 'closed') return ''
  const waits = html`<p class="note">The page for signing up here has no field for the code. An account that is made there
waits until the operator approves it.</p>`
  return html`${registration === 'approval' ? waits : ''}
<p><a class="button wide" href="/account/sign-up">Sign up here</a></p>`
}
