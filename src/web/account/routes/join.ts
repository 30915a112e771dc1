/** Where an invitation leads: what this host is, the code, and where to sign up. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import { type Html, type PageConfig, page, SETTINGS } from '../../layout.ts'
import type { PageEnv } from '../page-env.ts'

export const JOIN_PATH = `${SETTINGS}/join`

export const join = new Hono<PageEnv>().get('/join', (c) => {
  const { config } = c.env.services
  const given = c.req.query('code') ?? ''
  // What is no code is not shown: the page is no place for the words of others.
  return c.html(joinPage(config, /^[a-z0-9-]{1,100}$/i.test(given) ? given : undefined))
})

const joinPage = (config: PageConfig, code: string | undefined): Html =>
  page({
    title: 'You are invited',
    config,
    main: html`<div class="narrow">
<h1>You are invited</h1>
<section>
<p>Somebody invites you to have your account at <strong>${config.branding.name}</strong>, a home for accounts of Bluesky and
other apps of the AT Protocol.</p>
${code === undefined ? html`<p>The link has no invite code: ask for it.</p>` : html`<p>Your invite code:</p><code class="secret">${code}</code>`}
<p><a class="button wide" href="/account/sign-up">Sign up here</a></p>
<p class="quiet">Or in an app such as <a href="https://bsky.app">Bluesky</a>: choose “Create account”, “Custom” as hosting provider,
and enter <strong>${config.publicUrl}</strong> and the code.</p>
</section>
</div>`,
  })
