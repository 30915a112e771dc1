/** The page of services outside that are told of writes: how each is doing, and what it would not take. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { html } from 'hono/html'
import type { WebhookLetterView, WebhookView } from '../../../contracts/webhook-view.ts'
import { viewWebhookLetter } from '../../../services/webhooks/letters.ts'
import {
  addWebhook,
  pauseWebhook,
  removeWebhook,
  reportWebhooks,
} from '../../../services/webhooks/webhooks.ts'
import { csrfTokenOf } from '../../account/browser-session.ts'
import { moment } from '../../account/time.ts'
import { csrfTokenField, type Html, noticeBox } from '../../layout.ts'
import { counted, inThousands } from '../../numbers.ts'
import type { ActionInput, ConsoleAction, ConsolePage, Form, Notices } from '../page.ts'
import { ADMIN } from '../paths.ts'

const WEBHOOKS = `${ADMIN}/webhooks`
const PAGE = 50

const NOTICES: Notices = {
  added: 'It is told of what is written from now on.',
  removed: 'It is told of nothing any more.',
  paused: 'Nothing is sent until it goes on, where it was.',
  resumed: 'It goes on where it was.',
  taken: 'It was taken now.',
  'not-taken': 'It was not taken: the table says why.',
  dropped: 'It is forgotten.',
}

export const webhooks: ConsolePage = {
  path: 'webhooks',
  title: 'Webhooks',
  views: {
    '': async (c) => {
      const { hostIndex } = c.env.services
      const before = Number(c.req.query('before')) || undefined
      const [all, letters] = await Promise.all([
        reportWebhooks(c.env.services),
        hostIndex.webhooks.letters(PAGE, before),
      ])
      const form = csrfTokenOf(c.var.session)
      const last = letters.length === PAGE ? letters.at(-1) : undefined
      return {
        title: 'Webhooks',
        main: html`<h1>Webhooks</h1>
${noticeBox(NOTICES[c.req.query('done') ?? ''])}
<p class="quiet">Services outside that are told of each write in some collections, with a token of the account that wrote.</p>
${all.length === 0 ? html`<p class="quiet">There are none.</p>` : webhookTable(all, form)}
${
  letters.length === 0
    ? ''
    : html`<h2>Given up</h2>
${letterTable(letters.map(viewWebhookLetter), form)}
${last ? html`<p class="pages"><a href="${WEBHOOKS}?before=${last.id}">More</a></p>` : ''}`
}
<h2>Add one</h2>
${addForm(form)}`,
      }
    },
  },
  actions: {
    '/add': {
      name: 'webhooks.add',
      dangerous: true,
      about: ({ form }) => ({
        ref: URL.parse(form.url ?? '')?.host ?? '',
        note: form.collections ?? '',
      }),
      back: () => WEBHOOKS,
      async run({ form, services }) {
        const { url = '', collections = '', audience, method } = form
        const wanted = collections.split(/[\s,]+/).filter(Boolean)
        const request = { url: url.trim(), collections: wanted, audience, method }
        await addWebhook(request, services, services.config.reachPrivate)
        return { to: WEBHOOKS, done: 'added' }
      },
    },
    '/remove': action('remove', 'removed', ({ form, services }) =>
      removeWebhook(idOf(form), services),
    ),
    '/pause': action('pause', 'paused', ({ form, services }) =>
      pauseWebhook(idOf(form), 'by the operator', services),
    ),
    '/resume': action('resume', 'resumed', ({ form, services }) =>
      pauseWebhook(idOf(form), null, services),
    ),
    '/retry': {
      ...action('retry', 'taken', () => undefined),
      async run({ form, services }) {
        const { taken } = await services.hostIndex.webhooks.retry(idOf(form))
        return { to: WEBHOOKS, done: taken > 0 ? 'taken' : 'not-taken' }
      },
    },
    '/drop': action('drop', 'dropped', ({ form, services }) =>
      services.hostIndex.webhooks.drop(idOf(form)),
    ),
  },
}

function action(name: string, done: string, work: (input: ActionInput) => unknown): ConsoleAction {
  return {
    name: `webhooks.${name}`,
    about: ({ form }) => ({ ref: form.id }),
    back: () => WEBHOOKS,
    async run(input) {
      await work(input)
      return { to: WEBHOOKS, done }
    },
  }
}

const webhookTable = (all: readonly WebhookView[], csrfToken: string): Html => html`
<div class="table" tabindex="0" role="group" aria-label="Webhooks"><table>
<thead><tr><th scope="col">Service</th><th scope="col">Told of</th><th scope="col">State</th><th scope="col">Writes</th>
<th scope="col"><span class="quiet">What to do</span></th></tr></thead>
<tbody>${all.map((one) => {
  const { id, url, collections, paused, delivered, letters, lost, waiting, refusal } = one
  const host = URL.parse(url)?.host ?? url
  const button = (path: string, label: string, kind: string) => html`
<form method="post" action="${WEBHOOKS}/${path}">${csrfTokenField(csrfToken)}<input type="hidden" name="id" value="${id}">
<button class="${kind}" aria-label="${label}: webhook ${id}, ${host}">${label}</button></form>`
  return html`<tr><td data-label="Service">${id}: <code>${url}</code></td>
<td data-label="Told of">${collections.join(', ')}</td>
<td data-label="State">${stateOf(one)}</td>
<td data-label="Writes">${inThousands(delivered)} taken${
    waiting > 0
      ? html`, <span class="bad">${inThousands(waiting)} refused or behind one: ${refusal ?? ''}</span>`
      : ''
  }${letters > 0 ? html`, <span class="bad">${inThousands(letters)} given up</span>` : ''}${
    lost > 0
      ? html`, <span class="bad">${counted(lost, 'time')} some had left the log before</span>`
      : ''
  }</td>
<td>${paused === null ? button('pause', 'Pause', 'second') : button('resume', 'Go on', 'second')}
${button('remove', 'Remove', 'danger')}</td></tr>`
})}</tbody></table></div>`

function stateOf({ paused, failingSince, error, nextAt, behind }: WebhookView): Html {
  if (paused !== null) return html`<span class="bad">paused: ${paused}</span>`
  if (failingSince !== undefined) {
    return html`<span class="bad">fails since ${moment(failingSince)}: ${error}</span>${nextAt === undefined ? '' : html`, tried again ${moment(nextAt)}`}`
  }
  return behind > 0 ? html`${counted(behind, 'event')} to look at` : html`has all`
}

const letterTable = (letters: readonly WebhookLetterView[], csrfToken: string): Html => html`
<div class="table" tabindex="0" role="group" aria-label="Given up"><table>
<thead><tr><th scope="col">Write</th><th scope="col">Webhook</th><th scope="col">Since</th><th scope="col">Its answer</th>
<th scope="col"><span class="quiet">What to do</span></th></tr></thead>
<tbody>${letters.map(
  ({
    id,
    webhook,
    uri,
    action,
    error,
    failedAt,
  }) => html`<tr><td data-label="Write">${action} <code>${uri}</code></td>
<td data-label="Webhook">${webhook}</td><td data-label="Since">${moment(failedAt)}</td>
<td data-label="Its answer">${error}</td>
<td><form method="post" action="${WEBHOOKS}/retry">${csrfTokenField(csrfToken)}<input type="hidden" name="id" value="${id}">
<button class="second" aria-label="Try again: ${uri}">Try again</button></form>
<form method="post" action="${WEBHOOKS}/drop">${csrfTokenField(csrfToken)}<input type="hidden" name="id" value="${id}">
<button class="second" aria-label="Forget: ${uri}">Forget</button></form></td></tr>`,
)}</tbody></table></div>`

const addForm = (csrfToken: string): Html => html`
<form method="post" action="${WEBHOOKS}/add">${csrfTokenField(csrfToken)}
<label for="url">Address</label>
<input id="url" name="url" type="url" required placeholder="https://app.example.com/xrpc/com.example.cook.receiveWrite">
<label for="collections">Collections</label>
<input id="collections" name="collections" required placeholder="com.example.cook.recipe com.example.cook.rating" aria-describedby="collections-help">
<p class="quiet" id="collections-help">NSIDs, or names that end in <code>.*</code>, with blanks between them.</p>
<label for="method">Method (where the address does not name it)</label>
<input id="method" name="method">
<label for="audience">DID of the service, with the id of one of its services (otherwise did:web of the address)</label>
<input id="audience" name="audience">
<button>Add</button></form>`

/** @throws InvalidRequestError */
function idOf({ id = '' }: Form): number {
  if (/^[1-9]\d{0,14}$/.test(id)) return Number(id)
  throw new InvalidRequestError('Nothing was chosen')
}
