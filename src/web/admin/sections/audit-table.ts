import { html } from 'hono/html'
import type { AuditEntry } from '../../../storage/directory/audit.ts'
import { moment } from '../../account/time.ts'
import type { Html } from '../../layout.ts'
import { accountPath } from '../paths.ts'

/** Entries as a table, the newest first. */
export const auditTable = (entries: readonly AuditEntry[]): Html =>
  entries.length === 0
    ? html`<p class="quiet">There are no entries.</p>`
    : html`<div class="table" tabindex="0" role="group" aria-label="Entries"><table>
<thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">About whom</th>
<th scope="col">With what</th><th scope="col">From</th><th scope="col">Outcome</th></tr></thead>
<tbody>${entries.map(
        (entry) => html`<tr><td data-label="When">${moment(entry.at)}</td>
<td data-label="Who"><code>${entry.actor}</code></td><td data-label="What"><code>${entry.action}</code></td>
<td data-label="About whom">${subject(entry)}</td><td data-label="With what"><code>${detail(entry)}</code></td>
<td data-label="From">${entry.network}</td><td data-label="Outcome">${outcome(entry)}</td></tr>`,
      )}</tbody></table></div>`

const subject = ({ subject, account }: AuditEntry): Html => {
  if (account === null) return subject === null ? html`the host` : html`<code>${subject}</code>`
  return html`<a href="${accountPath(account)}"><code>${subject ?? account}</code></a>`
}

const detail = ({ detail }: AuditEntry): string => (detail === '{}' ? '' : detail)

const outcome = ({ outcome }: AuditEntry): Html => {
  if (outcome === null) return html`<span class="bad">begun: nobody knows what came of it</span>`
  return outcome === 'done' ? html`done` : html`<span class="bad">${outcome}</span>`
}
