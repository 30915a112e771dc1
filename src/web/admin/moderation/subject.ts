/** A subject of moderation: how it is, what was done to it, and what can be done. */
import { html } from 'hono/html'
import type { Services } from '../../../context/services.ts'
import type { SubjectState } from '../../../services/moderation/states.ts'
import {
  type ModerationEntry,
  type ModerationSubject,
  subjectKey,
} from '../../../storage/moderation.ts'
import { moment } from '../../account/time.ts'
import { csrfTokenField, type Html } from '../../layout.ts'
import { bytesInWords } from '../../numbers.ts'
import { ADMIN, accountPath } from '../paths.ts'

export const MODERATION = `${ADMIN}/moderation`

/** Entries of the log with a subject. */
const HISTORY = 10

/** Characters of what is typed. */
export const MAX_REF = 200
export const MAX_REASON = 2000

/** Where a subject is shown, by what names it. */
export const subjectPath = (key: string): string => `${MODERATION}/of/${encodeURIComponent(key)}`

const subjectLink = (subject: ModerationSubject): Html =>
  html`<a href="${subjectPath(subjectKey(subject))}"><code>${subjectKey(subject)}</code></a>`

const subjectOf = (state: SubjectState): ModerationSubject => {
  const { did } = state.account
  if (state.kind === 'record') return { kind: 'record', did, path: state.path }
  return state.kind === 'blob' ? { kind: 'blob', did, cid: state.cid } : { kind: 'account', did }
}

/** @param shows whether the operator has asked for a blob's picture */
export async function subjectSection(
  services: Pick<Services, 'moderation'>,
  state: SubjectState,
  csrfToken: string,
  shows: boolean,
): Promise<Html> {
  const subject = subjectOf(state)
  const { entries } = await services.moderation.log(HISTORY, undefined, { subject })
  const { account, kind, takedown } = state
  return html`<section><h2>${kind === 'account' ? `@${account.handle}` : kind === 'record' ? 'Record' : 'Blob'}</h2>
<dl class="facts">
<dt>Account</dt><dd><a href="${accountPath(account.did)}">@${account.handle}</a> <code>${account.did}</code></dd>
${facts(state)}
<dt>Taken down</dt><dd>${takedown === null ? 'no' : html`<strong class="bad">yes</strong>, reference ${takedown}`}</dd>
</dl>
${state.kind === 'blob' ? picture(state, shows) : ''}
${takedown === null ? takedownForm(subject, account.handle, csrfToken) : restoreForm(subject, csrfToken)}
</section>
${logTable(entries, 'Nothing was done to it yet.')}`
}

function facts(state: SubjectState): Html | '' {
  if (state.kind === 'account') {
    return state.deactivated ? html`<dt>Deactivated</dt><dd>yes</dd>` : ''
  }
  if (state.kind === 'record') {
    const { account, uri, cid, blobs } = state
    return html`<dt>Record</dt><dd><code>${uri}</code></dd><dt>CID</dt><dd><code>${cid}</code></dd>
<dt>Blobs</dt><dd>${blobs.length === 0 ? 'none' : html`<ul>${blobs.map((blob) => html`<li><a href="${subjectPath(`${account.did}/${blob}`)}"><code>${blob}</code></a></li>`)}</ul>`}</dd>`
  }
  const { cid, bytes, deleteAt } = state
  return html`<dt>CID</dt><dd><code>${cid}</code></dd>
<dt>Bytes</dt><dd>${bytes ? `${bytes.mimeType}, ${bytesInWords(bytes.size)}` : 'none are here'}</dd>
${deleteAt === null ? '' : html`<dt>Deleted on</dt><dd>${moment(deleteAt)}</dd>`}`
}

/** Types that browsers show as a picture, and that hold no program. */
export const PICTURES: ReadonlySet<string> = new Set([
  'image/jpeg',
  'image/png',
  'image/gif',
  'image/webp',
  'image/avif',
])

/** Only what is in quarantine, only when it is asked for, and blurred. */
function picture(state: Extract<SubjectState, { kind: 'blob' }>, shows: boolean): Html | '' {
  const { account, bytes, cid, takedown } = state
  if (takedown === null || !bytes) return ''
  const address = `${MODERATION}/blob?${new URLSearchParams({ did: account.did, cid }).toString()}`
  if (!PICTURES.has(bytes.mimeType)) {
    return html`<p><a href="${address}">Download the bytes</a>: they are a stranger’s.</p>`
  }
  if (!shows) {
    return html`<p><a class="button second" href="${subjectPath(`${account.did}/${cid}`)}?show=1">Show the picture, blurred</a></p>`
  }
  return html`<p class="blurred"><img src="${address}" alt="The picture in quarantine, blurred"></p>
<p><a href="${address}">Download it</a>, to see it as it is.</p>`
}

const fields = (
  subject: ModerationSubject,
  csrfToken: string,
): Html => html`${csrfTokenField(csrfToken)}
<input type="hidden" name="subject" value="${subjectKey(subject)}">`

function takedownForm(subject: ModerationSubject, handle: string, csrfToken: string): Html {
  const isAccount = subject.kind === 'account'
  const action = isAccount ? `${encodeURIComponent(subject.did)}/takedown` : 'takedown'
  return html`<details class="action"><summary>Take down</summary>
<form method="post" action="${MODERATION}/${action}">${fields(subject, csrfToken)}
<label for="ref">Reference (empty: the time)</label><input id="ref" name="ref" maxlength="${MAX_REF}">
<label for="case">Case</label><input id="case" name="case" maxlength="${MAX_REF}">
<label for="reason">Reason, for the log</label><textarea id="reason" name="reason" rows="3" maxlength="${MAX_REASON}" required></textarea>
${isAccount ? html`<label for="confirm">Type <strong>${handle}</strong> to confirm</label><input id="confirm" name="confirm" autocapitalize="none" autocomplete="off" spellcheck="false" required>` : ''}
<p><button class="danger">Take down</button></p></form></details>`
}

function restoreForm(subject: ModerationSubject, csrfToken: string): Html {
  return html`<details class="action"><summary>Give back</summary>
<form method="post" action="${MODERATION}/restore">${fields(subject, csrfToken)}
<label for="reason">Reason, for the log</label><textarea id="reason" name="reason" rows="3" maxlength="${MAX_REASON}"></textarea>
<p><button class="second">Give back</button></p></form></details>`
}

/** Entries of the moderation log, the newest first. @param none what is said where there are none */
export const logTable = (entries: readonly ModerationEntry[], none: string): Html =>
  entries.length === 0
    ? html`<p class="quiet">${none}</p>`
    : html`<div class="table" tabindex="0" role="group" aria-label="Log"><table>
<thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">Subject</th>
<th scope="col">Reference</th><th scope="col">Case</th><th scope="col">Reason</th></tr></thead>
<tbody>${entries.map(
        ({ at, by, action, subject, ref, caseId, reason }) => html`<tr>
<td data-label="When">${moment(Date.parse(at))}</td><td data-label="Who"><code>${by}</code></td>
<td data-label="What">${action}</td><td data-label="Subject">${subjectLink(subject)}</td>
<td data-label="Reference">${ref ?? ''}</td><td data-label="Case">${caseId ?? ''}</td><td data-label="Reason">${reason ?? ''}</td></tr>`,
      )}</tbody></table></div>`
