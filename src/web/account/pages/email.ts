/** The account's e-mail address: whether it is confirmed, and another one. */
import { html } from 'hono/html'
import { csrfTokenField, type Html, SETTINGS } from '../../layout.ts'
import type { View } from '../view.ts'
import { confirmedMark } from './overview.ts'

export async function emailPage({ services, session, csrfToken }: View): Promise<Html> {
  const { email, emailConfirmed } = session
  const { sends } = services.mail
  const isTold = (await services.directory.mails.addressee(session.did))?.signInMails ?? true
  return html`<h1>Email</h1>
<section aria-labelledby="address">
<h2 id="address">Your address</h2>
<p><strong>${email ?? 'There is none.'}</strong> ${email === null ? '' : confirmedMark(emailConfirmed)}</p>
<p>It is used when you have forgotten your password, and to tell you of changes to your account. Nobody else sees
it.</p>
${sends ? '' : html`<p class="quiet">This host cannot send mail, so it cannot confirm an address. Its operator can help.</p>`}
</section>
${email !== null && sends ? signInMails(isTold, csrfToken) : ''}
${email !== null && !emailConfirmed && sends ? confirmSection(email, csrfToken) : ''}
<section aria-labelledby="change">
<h2 id="change">${email === null ? 'Add an address' : 'Another address'}</h2>
${emailConfirmed ? oldAddressForm(email ?? '', csrfToken) : ''}
<form method="post" action="${SETTINGS}/email/change">
${csrfTokenField(csrfToken)}
${
  emailConfirmed
    ? html`<label for="change-code">Code from the mail to the old address</label>
<input id="change-code" name="code" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" maxlength="40"
 required>`
    : ''
}
<label for="new-address">New address</label>
<input id="new-address" name="email" type="email" autocomplete="email" maxlength="320" required>
<button>${email === null ? 'Add it' : 'Change it'}</button>
</form>
</section>`
}

const confirmSection = (email: string, csrfToken: string): Html => html`
<section aria-labelledby="confirm">
<h2 id="confirm">Confirm ${email}</h2>
<form method="post" action="${SETTINGS}/email/mail-confirmation">${csrfTokenField(csrfToken)}
<button class="second">Mail me a code</button></form>
<form method="post" action="${SETTINGS}/email/confirm">${csrfTokenField(csrfToken)}
<label for="confirm-code">Code from the mail</label>
<input id="confirm-code" name="code" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false"
 maxlength="40" required>
<button>Confirm</button></form>
</section>`

const signInMails = (isOn: boolean, csrfToken: string): Html => html`
<section aria-labelledby="sign-ins">
<h2 id="sign-ins">Mails about sign-ins</h2>
<p>${
  isOn
    ? 'A mail is sent when somebody signs in as you in a browser or an app that was not used before.'
    : 'No mail is sent when somebody signs in as you in a new browser or app.'
} Of changes of passwords, passkeys and your identity you are always told.</p>
<form method="post" action="${SETTINGS}/email/sign-ins">${csrfTokenField(csrfToken)}
<input type="hidden" name="on" value="${isOn ? 'no' : 'yes'}">
<button class="second">${isOn ? 'Turn off' : 'Turn on'}</button></form>
</section>`

const oldAddressForm = (email: string, csrfToken: string): Html => html`
<p>It takes a code that is mailed to ${email}, so that nobody changes the address who cannot read your mail.</p>
<form method="post" action="${SETTINGS}/email/mail-change">${csrfTokenField(csrfToken)}
<button class="second">Mail me a code for the change</button></form>`
