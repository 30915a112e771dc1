/** How far a move is, and the one thing that is next. */
import { html } from 'hono/html'
import { accountDocument } from '../../services/identity/documents.ts'
import type { LostBlob } from '../../services/move-in/copy-blobs.ts'
import type { MoveFacts } from '../../services/move-in/move-in.ts'
import type { MoveState } from '../../services/move-in/state.ts'
import {
  alertBox,
  csrfTokenField,
  type Html,
  noticeBox,
  type PageConfig,
  page,
  SETTINGS,
} from '../layout.ts'
import { counted } from '../numbers.ts'
import { MIGRATE } from './paths.ts'

/** What is next. */
export type Stage = 'records' | 'blobs' | 'identity' | 'activate' | 'leave' | 'done'

export function stageOf({
  records,
  blobs,
  isIdentityHere,
  isActive,
  isActiveThere,
}: MoveFacts): Stage {
  if (isActive && isIdentityHere) return isActiveThere ? 'leave' : 'done'
  // The identity may lead here before anything has come: of a did:web its owner chooses when.
  if (!records.isSame) return 'records'
  if (blobs.here < blobs.expected) return 'blobs'
  return isIdentityHere ? 'activate' : 'identity'
}

export interface ProgressPage {
  handle: string
  csrfToken: string
  state: MoveState
  facts: MoveFacts
  alert?: string | undefined
  notice?: string | undefined
  /** Where copying blobs goes on; undefined: at the beginning. */
  after?: string | undefined
  /** Whether it goes on by itself. */
  goes?: boolean
  /** Blobs that could not be copied: all were tried. */
  lost?: readonly LostBlob[] | undefined
  /** Of a did:web: what its document has to say. */
  wanted?: { key: string; endpoint: string; handle: string } | undefined
}

export function progressPage(config: PageConfig, view: ProgressPage): Html {
  const { handle, facts, alert, notice, state } = view
  const stage = stageOf(facts)
  return page({
    title: 'Move here',
    config,
    script: {},
    main: html`<div class="narrow">
<h1>Move here</h1>
${alertBox(alert)}${noticeBox(notice)}
<p><strong>@${handle}</strong> moves from ${state.source} to ${config.branding.name}.</p>
<section aria-label="Steps"><ol class="list">
${item(facts.records.isSame, 'Records', `${facts.records.here} of ${facts.records.there}`)}
${item(facts.blobs.here >= facts.blobs.expected, 'Pictures and files', `${facts.blobs.here} of ${facts.blobs.expected}`)}
${item(facts.isIdentityHere, 'Identity', facts.isIdentityHere ? 'leads here' : 'leads to your old host')}
${item(facts.isActive, 'Switched on here', '')}
${item(facts.isIdentityHere && facts.isActiveThere === false, 'Switched off at your old host', '')}
</ol></section>
${NEXT[stage](view)}
</div>`,
  })
}

const item = (isDone: boolean, title: string, text: string): Html =>
  html`<li>${isDone ? html`<span class="state on">done</span>` : html`<span class="state">open</span>`} ${title}${text ? html` <span class="quiet">${text}</span>` : ''}</li>
`

/** A form of the page. */
const step = (
  view: ProgressPage,
  action: string,
  fields: Html | '',
  button: string,
  goes = false,
): Html => html`
<form method="post" action="${MIGRATE}/${action}"${goes ? html` data-continue` : ''}>
${csrfTokenField(view.csrfToken)}${fields}
<button class="wide${action === 'code' ? ' second' : ''}">${button}</button>
</form>`

const NEXT: Readonly<Record<Stage, (view: ProgressPage) => Html>> = {
  records: (view) => html`<section aria-labelledby="next"><h2 id="next">Copy your records</h2>
<p>Posts, likes, follows and whatever else you have published. Of many thousands this takes some minutes; leave the page
open.</p>
${step(view, 'records', '', 'Copy')}</section>`,
  blobs: (view) => {
    const { facts, goes = false, after, lost } = view
    const { here, expected } = facts.blobs
    if (lost) return html`${withoutThem(view, lost)}`
    return html`<section aria-labelledby="next"><h2 id="next">Copy pictures and files</h2>
<p><progress max="${expected}" value="${here}">${here} of ${expected}</progress></p>
${step(
  view,
  'blobs',
  after === undefined ? '' : html`<input type="hidden" name="after" value="${after}">`,
  goes ? 'Goes on by itself' : 'Copy',
  goes,
)}
${goes ? html`<p class="quiet"><a href="${MIGRATE}">Pause</a></p>` : ''}</section>`
  },
  identity: (view) => identity(view, ''),
  activate: (view) => html`<section aria-labelledby="next"><h2 id="next">Switch it on</h2>
<p>Everybody finds you here now. One step is left: your account is switched on here, and off at your old host.</p>
${step(view, 'finish', '', 'Switch it on')}</section>`,
  leave: (view) => html`<section aria-labelledby="next"><h2 id="next">Switch it off there</h2>
<p>Your account is on here. At your old host it has to be switched off, or there would be two of it.</p>
${step(view, 'finish', '', 'Switch it off there')}</section>`,
  done: ({
    facts,
    state,
    handle,
    alert,
  }) => html`<section aria-labelledby="next"><h2 id="next">Done</h2>
<p class="note good" role="status">${alert ? 'Your account is here.' : 'Welcome. Everything is here.'}</p>
${facts.isActiveThere === false ? '' : html`<p class="note bad" role="alert">Your old host does not say whether your account is off there: look at ${state.source}.</p>`}
<p>Sign in to your apps as <strong>@${handle}</strong>, with your new password. Your old host keeps a copy, switched off,
which you can delete there.</p>
<p><a class="button" href="${SETTINGS}">Your account</a></p></section>`,
}

const withoutThem = (view: ProgressPage, lost: readonly LostBlob[]): Html => {
  const { here, expected } = view.facts.blobs
  return html`<section aria-labelledby="lost"><h2 id="lost">Some could not be copied</h2>
<p>${counted(expected - here, 'file')} of ${expected} are missing still:</p>
<ul class="list">${lost.map(({ cid, path, reason }) => html`<li><code>${path}</code><br>${reason}<br><span class="quiet">${cid}</span></li>`)}</ul>
${step(view, 'blobs', '', 'Try again')}
</section>
${identity(
  view,
  html`<label class="check"><input type="checkbox" name="without" value="yes" required> I move without these files; my old
host may never give them to me again</label>`,
)}`
}

/** @param consent what else has to be agreed to */
function identity(view: ProgressPage, consent: Html | ''): Html {
  const { state, wanted } = view
  if (wanted) return webIdentity(view, wanted, consent)
  if (view.facts.isIdentityHere) {
    return html`<section aria-labelledby="next"><h2 id="next">Switch it on</h2>
${step(view, 'identity', consent, 'Switch it on')}</section>`
  }
  const asked = state.codeAskedAt !== undefined
  return html`<section aria-labelledby="next"><h2 id="next">Change your identity</h2>
<p>From here on the network looks for you here. Your old host agrees to it by a code, which it mails
${state.email ? html`to <strong>${state.email}</strong>` : 'to you'}.</p>
${step(view, 'code', '', asked ? 'Have another code mailed' : 'Have the code mailed')}
${step(
  view,
  'identity',
  html`${consent}<label for="code">Code</label>
<input id="code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" maxlength="100" required>`,
  'Move',
)}
<p class="quiet">No mail comes? Hosts that send none give their codes on their account page, or by their operator.</p>
</section>`
}

/** Of a did:web its owner changes the document. */
const webIdentity = (
  view: ProgressPage,
  { key, endpoint, handle }: NonNullable<ProgressPage['wanted']>,
  consent: Html | '',
): Html => {
  const { did } = view.state
  const host = decodeURIComponent(did.slice('did:web:'.length))
  const document = accountDocument({ account: { did, handle }, signingKey: key }, endpoint)
  return html`<section aria-labelledby="next"><h2 id="next">Change your identity</h2>
<p>Publish this at <code>https://${host}/.well-known/did.json</code>; what else is in it may stay:</p>
<pre><code>${JSON.stringify(document, null, 2)}</code></pre>
${step(view, 'identity', consent, 'I have published it')}</section>`
}
