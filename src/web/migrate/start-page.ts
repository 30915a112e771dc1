/** Where a move begins: who moves, and by which password at the old host. */
import { html } from 'hono/html'
import type { Config } from '../../kernel/config/config.ts'
import { alertBox, type Html, type PageConfig, page, SETTINGS } from '../layout.ts'
import { MIGRATE } from './paths.ts'

export interface StartPage {
  alert?: string | undefined
  /** What was typed, passwords excepted. */
  typed?: Readonly<Record<string, string>>
  /** The old host asks for a code beside the password; again, where one was typed already. */
  wantsCode?: 'first' | 'again' | undefined
  /** Who is signed in here already. */
  handle?: string | undefined
}

export const startPage = (
  config: PageConfig & Pick<Config, 'registration' | 'handleDomains'>,
  { alert, typed = {}, wantsCode, handle }: StartPage = {},
): Html =>
  page({
    title: 'Move here',
    config,
    script: {},
    main: html`<div class="narrow">
<h1>Move here</h1>
${alertBox(alert)}
<p>Brings an account that you have elsewhere, on Bluesky or another host, to <strong>${config.branding.name}</strong>: posts, likes,
follows, pictures and settings. Followers stay; your old host is switched off at the very end.</p>
<form method="post" action="${MIGRATE}/start">
<section aria-labelledby="old"><h2 id="old">Your account now</h2>
<label for="account">Handle</label>
<input id="account" name="account" value="${typed.account ?? ''}" placeholder="alice.bsky.social" autocapitalize="none"
 spellcheck="false" maxlength="300" required>
<label for="old-password">Password there</label>
<input id="old-password" name="old-password" type="password" autocomplete="off" maxlength="512" required>
${wantsCode ? codeField(wantsCode === 'again') : ''}
<p class="quiet">The main password: one for apps may not move an account. It goes to your old host, and is kept nowhere.</p>
</section>
${handle === undefined ? newAccount(config, typed) : html`<p>You go on with the account @${handle}, which is here already.</p>`}
<button class="wide">Begin</button>
</form>
<p class="quiet">You can stop at any time before the last step: until then, everybody finds you at your old host.
${handle === undefined ? html`Have you begun already, in another browser? <a href="${SETTINGS}">Sign in here</a> first, then come back.` : ''}</p>
</div>`,
  })

const codeField = (isAgain: boolean): Html => html`<label for="code">Code</label>
<input id="code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" maxlength="50"${isAgain ? '' : html` required`}>
<p class="quiet">Your old host has mailed it to you, or your authenticator app shows it.${isAgain ? ' Left empty: it may mail another one.' : ''}</p>`

const newAccount = (
  { registration, handleDomains }: Pick<Config, 'registration' | 'handleDomains'>,
  typed: Readonly<Record<string, string>>,
): Html => html`<section aria-labelledby="new"><h2 id="new">Your account here</h2>
<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" minlength="8" maxlength="512" required>
${
  registration === 'open'
    ? ''
    : html`<label for="invite">Invite code</label>
<input id="invite" name="invite" value="${typed.invite ?? ''}" autocapitalize="none" spellcheck="false" maxlength="100"${registration === 'approval' ? '' : html` required`}>`
}
<details><summary>More</summary>
<label for="handle">Handle here</label>
<input id="handle" name="handle" value="${typed.handle ?? ''}" placeholder="alice${handleDomains[0] ?? ''}" autocapitalize="none" spellcheck="false"
 maxlength="253">
<p class="quiet">Left empty: a domain of your own stays, and a name of your old host gets the domain of this one.</p>
<label for="email">Email address</label>
<input id="email" name="email" type="email" value="${typed.email ?? ''}" maxlength="320">
<p class="quiet">Left empty: the one that your old host has.</p>
<label for="recovery-key">Recovery key</label>
<input id="recovery-key" name="recovery-key" value="${typed['recovery-key'] ?? ''}" placeholder="did:key:z…" autocapitalize="none" spellcheck="false"
 maxlength="200">
<p class="quiet">The public half of a key that only you have. With it you can take your identity back, whatever a host does. You
can add one later, too.</p>
</details>
</section>`
