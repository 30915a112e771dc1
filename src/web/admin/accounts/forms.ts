/** What can be done with an account, as forms without scripts. */
import { html } from 'hono/html'
import type { Account } from '../../../storage/account/profile.ts'
import type { AdministeredAccount } from '../../../storage/directory/account-list.ts'
import { csrfTokenField, type Html } from '../../layout.ts'
import { accountPath } from '../paths.ts'

interface Subject {
  found: AdministeredAccount
  account: Account
}

export function actionForms({ found, account }: Subject, csrfToken: string): Html {
  const form = (action: string, inside: Html): Html =>
    html`<form method="post" action="${accountPath(found.did)}/${action}">${csrfTokenField(csrfToken)}${inside}</form>`
  /** Something that takes the handle to confirm it. */
  const confirmed = (action: string, title: string, says: string, inside: Html | '' = ''): Html =>
    html`<details class="action"><summary>${title}</summary>
<p>${says}</p>
${form(
  action,
  html`${inside}
<label for="confirm-${action}">Type <strong>${found.handle}</strong> to confirm</label>
<input id="confirm-${action}" name="confirm" autocomplete="off" autocapitalize="none" spellcheck="false" required>
<p><button class="danger">${title}</button></p>`,
)}</details>`
  const simple = (action: string, title: string, says: string, inside: Html | '' = ''): Html =>
    html`<details class="action"><summary>${title}</summary>
<p>${says}</p>
${form(action, html`${inside}<p><button class="second">${title}</button></p>`)}</details>`
  return html`<section aria-labelledby="actions"><h2 id="actions">Actions</h2>
${
  account.takedown === null
    ? confirmed(
        'takedown',
        'Take down',
        'Nobody sees the account and its records any more; its owner is signed out and told by mail.',
        html`<label for="reason">Reason, or reference of the case</label><input id="reason" name="reason" maxlength="200" required>`,
      )
    : simple('restore', 'Give back', 'The account is as it was before it was taken down.')
}
${
  account.deactivated
    ? simple('activate', 'Activate', 'If its identity says that the account is here.')
    : confirmed('deactivate', 'Deactivate', 'Nobody sees it until its owner, or you, activate it.')
}
${simple('reset-link', 'Make a link for a new password', 'Shown once, good once, for a day. Give it to the owner and to nobody else. The account’s passkeys and second factors stay.')}
${simple('handle', 'Change the handle', 'Also to a reserved or a short one.', html`<label for="handle">New handle</label><input id="handle" name="handle" maxlength="253" autocapitalize="none" spellcheck="false" required>`)}
${simple('email', 'Change the email address', 'It is not confirmed then; the old address is told.', html`<label for="email">New address</label><input id="email" name="email" type="email" maxlength="254" required>`)}
${
  account.email !== null && account.emailConfirmedAt === null
    ? simple(
        'confirm-email',
        'Confirm the email address',
        `If you know that ${account.email} is the owner’s.`,
      )
    : ''
}
${confirmed('end-sessions', 'End all sessions', 'All apps and browsers are signed out. Passwords, passkeys and app passwords stay.')}
${confirmed('reset-factors', 'Reset second factors', 'Takes passkeys, authenticator app, codes by mail and recovery codes away, and ends all sessions. Whoever has the password can sign in then.')}
${confirmed('rotate-key', 'Rotate the signing key', 'The identity gets a fresh key, and the repository is signed anew.')}
${simple('announce', 'Publish the identity again', 'Tells the network to look the DID document up.')}
${simple('invites', found.invitesDisabled ? 'Give it invite codes again' : 'Give it no more invite codes', 'What it has stays.', html`<input type="hidden" name="disabled" value="${found.invitesDisabled ? 'no' : 'yes'}">`)}
${confirmed('delete', 'Delete the account', 'For good: records, blobs, everything. Its handle is free after some time.')}
</section>`
}
