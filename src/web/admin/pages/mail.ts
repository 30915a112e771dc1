/** The page of the mails: what waits and what was given up, messages to accounts, and a test. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { html } from 'hono/html'
import { checkEmail } from '../../../services/accounts/email-address.ts'
import type { MailState } from '../../../storage/directory/mail-queue.ts'
import { csrfTokenOf } from '../../account/browser-session.ts'
import { accountNamed } from '../../account/form.ts'
import { limitMails } from '../../account/limits.ts'
import { moment } from '../../account/time.ts'
import { csrfTokenField, type Html, noticeBox } from '../../layout.ts'
import { counted } from '../../numbers.ts'
import type { ConsoleContext, ConsolePage, Form, Notices } from '../page.ts'
import { ADMIN } from '../paths.ts'
import { wayOfMails } from '../sections/mail-way.ts'

const MAIL = `${ADMIN}/mail`
const PAGE = 50

/** Characters of a message. */
const MAX_SUBJECT = 200
const MAX_TEXT = 10_000

const NOTICES: Notices = {
  retried: 'The mail is tried again.',
  sent: 'The message is in the queue.',
  all: 'The message goes to all accounts, as fast as the queue empties.',
  tested: 'The test is in the queue. If it does not arrive, the queue says why.',
}

export const mail: ConsolePage = {
  path: 'mail',
  title: 'Mail',
  views: {
    '': async (c) => {
      const { services } = c.env
      const { mails } = services.directory
      const after = c.req.query('after')
      const [counts, queue, mailings] = await Promise.all([
        mails.counts(),
        mails.list(PAGE, after),
        mails.mailings(),
      ])
      const form = csrfTokenOf(c.var.session)
      const last = queue.length === PAGE ? queue.at(-1) : undefined
      return {
        title: 'Mail',
        main: html`<h1>Mail</h1>
${noticeBox(NOTICES[c.req.query('done') ?? ''])}
<section aria-labelledby="state"><h2 id="state">How it is</h2>
<dl class="facts">
<dt>Mails leave</dt><dd>${wayOfMails(services)}</dd>
<dt>From</dt><dd>${services.config.mailFrom}</dd>
<dt>Waiting</dt><dd>${counts.waiting}</dd>
<dt>Given up</dt><dd>${counts.failed} in 30 days</dd>
<dt>Too many</dt><dd>${counts.dropped} dropped in 30 days, as a budget was used up</dd>
<dt>Last error</dt><dd>${counts.lastError ?? 'none'}</dd>
${mailings.map(({ queued, createdAt }) => html`<dt>A message to all</dt><dd>since ${moment(createdAt)}, ${counted(queued, 'mail')} queued</dd>`)}
</dl></section>
<h2>Queue</h2>
${queue.length === 0 ? html`<p class="quiet">Nothing waits, and nothing was given up.</p>` : table(queue, form)}
${last ? html`<p class="pages"><a href="${MAIL}?${new URLSearchParams({ after: last.id }).toString()}">More</a></p>` : ''}
<h2>Send</h2>
${forms(c, form)}`,
      }
    },
  },
  actions: {
    '/retry': {
      name: 'mail.retry',
      about: ({ form }) => ({ ref: form.id }),
      back: () => MAIL,
      async run({ form, services }) {
        await services.directory.mails.retry(form.id ?? '')
        return { to: MAIL, done: 'retried' }
      },
    },
    '/test': {
      name: 'mail.test',
      about: ({ form }) => ({ email: form.address }),
      back: () => MAIL,
      async run({ c, form, services }) {
        await limitMails(c)
        await services.mail.sendTest(checkEmail(form.address ?? ''))
        return { to: MAIL, done: 'tested' }
      },
    },
    '/send': {
      name: 'mail.send',
      about: ({ form }) => ({ account: form.account }),
      back: () => MAIL,
      async run({ form, services }) {
        const { subject, text } = messageOf(form)
        const { did } = await accountNamed(form.account?.trim() ?? '', services)
        await services.mail.sendMessage(did, subject, text)
        return { to: MAIL, done: 'sent' }
      },
    },
    '/send-to-all': {
      name: 'mail.sendToAll',
      dangerous: true,
      about: ({ form }) => ({ ref: form.id }),
      back: () => MAIL,
      async run({ form, services }) {
        const { subject, text } = messageOf(form)
        if (form.confirm?.trim().toLowerCase() !== services.config.hostname) {
          throw new InvalidRequestError(
            'Type the name of the host to confirm that this goes to all accounts. Nothing was sent.',
          )
        }
        await services.mail.sendToAll(idOf(form), subject, text)
        return { to: MAIL, done: 'all' }
      },
    },
  },
}

const table = (queue: readonly MailState[], csrfToken: string): Html => html`
<div class="table" tabindex="0" role="group" aria-label="Queue"><table>
<thead><tr><th scope="col">What</th><th scope="col">To</th><th scope="col">State</th><th scope="col">Since</th>
<th scope="col">Last error</th><th scope="col"><span class="quiet">Try again</span></th></tr></thead>
<tbody>${queue.map(
  (
    mail,
  ) => html`<tr><td data-label="What">${mail.kind}</td><td data-label="To">${mail.recipient}</td>
<td data-label="State">${state(mail)}</td>
<td data-label="Since">${mail.createdAt === 0 ? 'unknown' : moment(mail.createdAt)}</td>
<td data-label="Last error">${mail.error ?? ''}</td>
<td>${
    mail.state === 'failed' && mail.dueAt !== null
      ? html`<form method="post" action="${MAIL}/retry">${csrfTokenField(csrfToken)}<input type="hidden" name="id" value="${mail.id}">
<button class="second" aria-label="Try again: the mail to ${mail.recipient}">Try again</button></form>`
      : ''
  }</td></tr>`,
)}</tbody></table></div>`

const state = ({ state, attempts, dueAt }: MailState): Html => {
  const tries = attempts === 0 ? '' : `, after ${counted(attempts, 'attempt')}`
  if (state === 'failed') {
    const end = dueAt === null ? ', and its time is over' : ''
    return html`<span class="bad">given up</span>${tries}${end}`
  }
  return html`waiting${tries}${dueAt === null ? '' : html`, due ${moment(dueAt)}`}`
}

function forms(c: ConsoleContext, csrfToken: string): Html {
  const { config, mail } = c.env.services
  if (!mail.sends) {
    return html`<p class="note warn">No mail leaves this host: set <code>PDS_EMAIL_SMTP_URL</code> or <code>PDS_EMAIL_API_URL</code>.</p>`
  }
  const message = (prefix: string) => html`
<label for="${prefix}-subject">Subject</label><input id="${prefix}-subject" name="subject" maxlength="${MAX_SUBJECT}" required>
<label for="${prefix}-text">Message</label><textarea id="${prefix}-text" name="text" rows="6" maxlength="${MAX_TEXT}" required></textarea>`
  return html`<section>
<details class="action"><summary>A test to an address</summary>
<form method="post" action="${MAIL}/test">${csrfTokenField(csrfToken)}
<label for="address">Address</label><input id="address" name="address" type="email" maxlength="320" required>
<p><button class="second">Send a test</button></p></form></details>
<details class="action"><summary>A message to one account</summary>
<form method="post" action="${MAIL}/send">${csrfTokenField(csrfToken)}
<label for="account">Handle or DID</label><input id="account" name="account" autocapitalize="none" spellcheck="false" maxlength="300" required>
${message('one')}
<p><button class="second">Send the message</button></p></form></details>
<details class="action"><summary>A message to all accounts</summary>
<form method="post" action="${MAIL}/send-to-all">${csrfTokenField(csrfToken)}<input type="hidden" name="id" value="${crypto.randomUUID()}">
<p>Everybody with an address gets it once. You may be asked for a passkey or a code first: keep a copy of a long text.</p>
${message('all')}
<label for="confirm">Type <strong>${config.hostname}</strong> to confirm</label><input id="confirm" name="confirm" autocapitalize="none" autocomplete="off" spellcheck="false" required>
<p><button class="danger">Send to all</button></p></form></details></section>`
}

/** @throws InvalidRequestError */
function messageOf(form: Form): { subject: string; text: string } {
  const subject = form.subject?.trim() ?? ''
  const text = form.text?.trim().replaceAll('\r\n', '\n') ?? ''
  if (subject === '' || text === '') {
    throw new InvalidRequestError('A message needs a subject and a text')
  }
  if (subject.length > MAX_SUBJECT || text.length > MAX_TEXT) {
    throw new InvalidRequestError('The message is too long')
  }
  return { subject, text }
}

/** One form sends one message, however often its button is pressed. @throws InvalidRequestError */
function idOf({ id = '' }: Form): string {
  if (/^[\da-f-]{36}$/.test(id)) return id
  throw new InvalidRequestError('Open the page again and try again')
}
