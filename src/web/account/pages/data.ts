/** What is stored for an account, to take away; and the end of it. */
import { html } from 'hono/html'
import { MAX_BLOBS } from '../../../services/archive/archive.ts'
import { csrfTokenField, type Html, SETTINGS } from '../../layout.ts'
import { isFresh } from '../browser-session.ts'
import { confirmFirst } from '../sections/confirm-first.ts'
import { movingSection } from '../sections/moving.ts'
import { usageList } from '../sections/usage.ts'
import type { View } from '../view.ts'

export async function dataPage(view: View): Promise<Html> {
  const { services, session, csrfToken } = view
  // The list is the one that everybody reads, of active accounts alone.
  const { did, status, isActive } = session
  // Its owner may read this also of an account that was taken down.
  const usage = await services.account(did).profile.usage()
  return html`<h1>Data</h1>
${
  status === 'takendown'
    ? html`<p class="note bad" role="alert">This account was taken down by the operator of this host. You can still download
your data${contact(services.config.contactEmail)}.</p>`
    : ''
}
<section aria-labelledby="usage">
<h2 id="usage">What is stored</h2>
${usageList(usage)}
</section>
<section aria-labelledby="download">
<h2 id="download">Download my data</h2>
<p>One archive with everything: your repository, all images and videos, your preferences, and what this host knows of
you. A file in it says what is what. It is cut off, and does not open, if the connection breaks: then begin again.</p>
<p><a class="button" href="${SETTINGS}/archive.zip" download>Download everything (ZIP)</a></p>
${furtherParts(usage.blobs)}
<p>Or parts of it:</p>
<p class="row"><a class="button second" href="${SETTINGS}/repo.car" download>Repository (CAR)</a>
<a class="button second" href="${SETTINGS}/preferences.json" download>Preferences (JSON)</a>
${isActive ? html`<a class="button second" href="${SETTINGS}/blobs">List of blobs</a>` : ''}</p>
</section>
${status === 'takendown' ? '' : html`${movingSection(view)}${statusSection(status, csrfToken)}${deletionSection(view)}`}`
}

/** For those who have more than one archive holds. */
const furtherParts = (blobs: number): Html[] =>
  Array.from({ length: Math.max(0, Math.ceil(blobs / MAX_BLOBS) - 1) }, (_, index) => {
    const part = index + 2
    return html`<p><a class="button second" href="${SETTINGS}/archive.zip?part=${part}" download>Further blobs, part
${part} (ZIP)</a></p>`
  })

const contact = (email: string | undefined): Html | string =>
  email === undefined ? '' : html`, and write to <a href="mailto:${email}">${email}</a>`

const statusSection = (status: string, csrfToken: string): Html =>
  status === 'deactivated'
    ? html`<section aria-labelledby="status">
<h2 id="status">The account is deactivated</h2>
<p>Nobody sees it, and nothing can be written. Everything comes back when you activate it.</p>
<form method="post" action="${SETTINGS}/activate">${csrfTokenField(csrfToken)}<button>Activate the account</button></form>
</section>`
    : html`<section aria-labelledby="status">
<h2 id="status">Deactivate the account</h2>
<p>It disappears from the network until you activate it again here. Nothing is deleted; apps that you have let in are
signed out, and app passwords end.</p>
<form method="post" action="${SETTINGS}/deactivate">${csrfTokenField(csrfToken)}
<button class="danger">Deactivate the account</button></form>
</section>`

function deletionSection({ services, session, csrfToken }: View): Html {
  const { handle, email } = session
  const mails = services.mail.sends && email !== null
  const form = html`${
    mails
      ? html`<form method="post" action="${SETTINGS}/delete/mail">${csrfTokenField(csrfToken)}
<button class="second">Mail me a code for the deletion</button></form>`
      : ''
  }
<form method="post" action="${SETTINGS}/delete">${csrfTokenField(csrfToken)}
${
  mails
    ? html`<label for="delete-code">Code from the mail to ${email}</label>
<input id="delete-code" name="code" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" maxlength="40"
 required>`
    : ''
}
<label for="delete-handle">Type ${handle}</label>
<input id="delete-handle" name="handle" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="253" required>
<button class="danger">Delete the account for good</button></form>`
  return html`<section aria-labelledby="deletion">
<h2 id="deletion">Delete the account</h2>
<p>Everything that this host stores of you goes, and cannot be brought back. Download your data first. Your handle is given
to nobody else for a while.</p>
${isFresh(session) ? form : confirmFirst('data', 'Deleting it takes your password or passkey again.')}
</section>`
}
