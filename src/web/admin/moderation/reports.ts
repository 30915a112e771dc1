/** Reports that are stored here, because there is no moderation service that would take them. */
import { html } from 'hono/html'
import type { Services } from '../../../context/services.ts'
import type { Report } from '../../../storage/directory/reports.ts'
import { csrfTokenOf } from '../../account/browser-session.ts'
import { moment } from '../../account/time.ts'
import { csrfTokenField, type Html } from '../../layout.ts'
import { cursorOf } from '../cursor.ts'
import type { ConsoleContext } from '../page.ts'
import { accountPath } from '../paths.ts'
import { MAX_REASON, MODERATION, subjectPath } from './subject.ts'

const PAGE = 20

/** Characters of a report that are shown. */
const MAX_SHOWN = 2000

export async function reportList(c: ConsoleContext): Promise<Html> {
  const { services } = c.env
  const showsAll = c.req.query('show') === 'all'
  const { reports, cursor } = await services.moderation.reports(PAGE, cursorOf(c), {
    ...(!showsAll && { open: true }),
  })
  const form = csrfTokenOf(c.var.session)
  const query = new URLSearchParams({ ...(showsAll && { show: 'all' }), before: String(cursor) })
  return html`${where(services)}
<p class="pages"><a href="${MODERATION}/reports"${showsAll ? '' : html` aria-current="true"`}>Open</a>
<a href="${MODERATION}/reports?show=all"${showsAll ? html` aria-current="true"` : ''}>All</a></p>
${reports.length === 0 ? html`<p class="quiet">There are no ${showsAll ? '' : 'open '}reports.</p>` : reports.map((report) => card(report, form))}
${cursor === undefined ? '' : html`<p class="pages"><a href="${MODERATION}/reports?${query.toString()}">Older</a></p>`}`
}

const where = ({ config: { report } }: Pick<Services, 'config'>): Html | '' =>
  report
    ? html`<p class="note warn">Reports go to <code>${report.did}</code> (<code>PDS_REPORT_SERVICE_URL</code>); here are those from before.</p>`
    : ''

const card = (report: Report, csrfToken: string): Html => {
  const { id, did, record, reason, reasonType, reportedBy, createdAt, resolution } = report
  const about = record?.uri ?? did
  const shown =
    reason !== null && reason.length > MAX_SHOWN ? `${reason.slice(0, MAX_SHOWN)}…` : reason
  return html`<section aria-labelledby="report-${id}"><h2 id="report-${id}">Report ${id}</h2>
<dl class="facts">
<dt>About</dt><dd><a href="${subjectPath(about)}"><code>${about}</code></a></dd>
<dt>By</dt><dd><a href="${accountPath(reportedBy)}"><code>${reportedBy}</code></a>, ${moment(Date.parse(createdAt))}</dd>
<dt>Why</dt><dd>${reasonInWords(reasonType)}</dd>
<dt>In words</dt><dd>${shown ?? html`<span class="quiet">nothing</span>`}</dd>
${resolution ? html`<dt>Closed</dt><dd>by <code>${resolution.by}</code>, ${moment(Date.parse(resolution.at))}${resolution.note ? html`: ${resolution.note}` : ''}</dd>` : ''}
</dl>
${
  resolution
    ? ''
    : html`<form method="post" action="${MODERATION}/resolve">${csrfTokenField(csrfToken)}<input type="hidden" name="id" value="${id}">
<label for="note-${id}">Note for the log</label><input id="note-${id}" name="note" maxlength="${MAX_REASON}">
<p><button class="second" aria-label="Close report ${id}">Close</button></p></form>`
}</section>`
}

/** `com.atproto.moderation.defs#reasonSpam` is spam; what has another form stays as it is. */
function reasonInWords(reasonType: string): string {
  const [, name] = /#reason([A-Z][A-Za-z]*)$/.exec(reasonType) ?? []
  return name === undefined ? reasonType : name.replace(/(?<=[a-z])[A-Z]/g, ' $&').toLowerCase()
}
