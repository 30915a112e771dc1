/** The page of one account: all that an operator may know of it, and what can be done. */
import { html } from 'hono/html'
import type { Services } from '../../../context/services.ts'
import type { AdministeredAccount } from '../../../storage/directory/account-list.ts'
import { csrfTokenOf } from '../../account/browser-session.ts'
import { day, dayOf, moment } from '../../account/time.ts'
import { type Html, noticeBox } from '../../layout.ts'
import type { ConsoleContext, Notices, Seen } from '../page.ts'
import { ADMIN } from '../paths.ts'
import { auditTable } from '../sections/audit-table.ts'
import { actionForms } from './forms.ts'
import { identitySection } from './identity.ts'
import { states } from './list.ts'
import { quotaSection } from './quota.ts'

/** Entries of the audit log on the page. */
const AUDIT = 10

const NOTICES: Notices = {
  takedown: 'The account is taken down.',
  restore: 'The account is given back.',
  deactivate: 'The account is deactivated.',
  activate: 'The account is active again.',
  handle: 'The handle is changed.',
  email: 'The email address is changed, and not confirmed.',
  'confirm-email': 'The email address counts as confirmed.',
  'end-sessions': 'All apps and browsers are signed out.',
  'reset-factors': 'Passkeys and second factors are gone. All apps and browsers are signed out.',
  'rotate-key': 'The account has a fresh signing key.',
  announce: 'The network was told to look at the identity again.',
  invites: 'What the account may hand out is changed.',
  quota: 'The limits of the account are changed.',
}

export async function accountView(c: ConsoleContext): Promise<Seen> {
  const did = c.req.param('did') ?? ''
  const { services } = c.env
  const found = await services.directory.accounts.administered(did)
  if (!found) {
    return {
      title: 'No such account',
      main: html`<h1>No such account</h1><p><a href="${ADMIN}/accounts">Search</a></p>`,
    }
  }
  const { profile, quota } = services.account(did)
  const [account, access, usage, override, audit, invites, identity] = await Promise.all([
    profile.get(),
    accessSection(did, services),
    profile.usage(),
    quota.override(),
    services.directory.audit.list({ account: did }, AUDIT),
    inviteSection(did, services),
    identitySection(found, services),
  ])
  const form = csrfTokenOf(c.var.session)
  return {
    title: `@${found.handle}`,
    main: html`<h1>@${found.handle}</h1>
${noticeBox(NOTICES[c.req.query('done') ?? ''])}
<p>${states({ ...found, status: account.status, emailConfirmedAt: account.emailConfirmedAt })}</p>
<section aria-labelledby="facts"><h2 id="facts">Account</h2>
<dl class="facts">
<dt>DID</dt><dd><code>${did}</code></dd>
<dt>Email address</dt><dd>${account.email ?? 'none'}${confirmed(found, account.emailConfirmedAt)}</dd>
<dt>Made here</dt><dd>${dayOf(found.createdAt)}</dd>
${account.takedown === null ? '' : html`<dt>Taken down for</dt><dd>${account.takedown}</dd>`}
${account.deactivated ? html`<dt>Deactivated</dt><dd>${account.deactivatedAt ? html`since ${day(account.deactivatedAt)}` : 'yes'}</dd>` : ''}
${account.deleteAfter === null ? '' : html`<dt>To be deleted after</dt><dd>${day(account.deleteAfter)}</dd>`}
</dl></section>
${quotaSection(did, usage, override, form)}
${identity}
${access}
${invites}
${actionForms({ found, account }, form)}
<section aria-labelledby="audit"><h2 id="audit">Audit</h2>
${auditTable(audit)}
<p><a href="${ADMIN}/audit?${new URLSearchParams({ subject: did }).toString()}">All about this account</a></p></section>`,
  }
}

const confirmed = ({ email }: AdministeredAccount, at: string | null): Html | string => {
  if (email === null) return ''
  return at === null ? ', not confirmed' : html`, confirmed ${day(at)}`
}

/** How somebody signs in, and who is. */
async function accessSection(did: string, services: Services): Promise<Html> {
  const { sessions, browserSessions, passwords, factors, passkeys } = services.account(did)
  const [open, browsers, appPasswords, { totp, email, recoveryCodes }, keys, apps] =
    await Promise.all([
      sessions.list(),
      browserSessions.list(),
      passwords.listAppPasswords(),
      factors.get(),
      passkeys.list(),
      services.oauth.tokens.ofAccount(did),
    ])
  return html`<section aria-labelledby="access"><h2 id="access">Signing in</h2>
<dl class="facts">
<dt>Passkeys</dt><dd>${items(keys.map(({ name, createdAt, lastUsedAt }) => html`${name}, since ${day(createdAt)}, ${lastUsedAt ? html`last used ${day(lastUsedAt)}` : 'never used'}`))}</dd>
<dt>Authenticator app</dt><dd>${totp ? 'on' : 'off'}</dd>
<dt>Codes by mail</dt><dd>${email ? 'on' : 'off'}</dd>
<dt>Recovery codes</dt><dd>${recoveryCodes} left</dd>
<dt>App passwords</dt><dd>${items(appPasswords.map(({ name, createdAt, privileged }) => html`${name}, since ${day(createdAt)}${privileged ? ', may read messages' : ''}`))}</dd>
<dt>Sessions of apps</dt><dd>${items(open.map(({ appPassword, usedAt }) => html`${appPassword === null ? 'by the main password' : html`by the app password ${appPassword}`}, last used ${moment(usedAt)}`))}</dd>
<dt>Browsers</dt><dd>${items(browsers.map(({ seenAt, userAgent }) => html`${userAgent ?? 'unknown'}, last used ${moment(seenAt)}`))}</dd>
<dt>Apps (OAuth)</dt><dd>${items(apps.map(({ clientId, createdAt, updatedAt }) => html`<code>${clientId}</code>, since ${moment(createdAt)}, last used ${moment(updatedAt)}`))}</dd>
</dl></section>`
}

const items = (parts: readonly Html[]): Html =>
  parts.length === 0 ? html`none` : html`<ul>${parts.map((part) => html`<li>${part}</li>`)}</ul>`

async function inviteSection(did: string, { directory }: Services): Promise<Html> {
  const [codes, invitedBy] = await Promise.all([
    directory.invites.ofAccount(did),
    directory.invites.usedBy(did),
  ])
  return html`<section aria-labelledby="invites"><h2 id="invites">Invites</h2>
<dl class="facts">
<dt>Made with</dt><dd>${invitedBy ? html`<code>${invitedBy.code}</code> of ${invitedBy.forAccount}` : 'no code'}</dd>
<dt>Codes to hand out</dt><dd>${items(codes.map(({ code, available, uses, disabled }) => html`<code>${code}</code>, used ${uses.length} of ${available}${disabled ? ', disabled' : ''}`))}</dd>
</dl></section>`
}
