/** The first page: how the host is, and what somebody should do something about. */
import { html } from 'hono/html'
import { recentErrors } from '../../../kernel/recent-errors.ts'
import { moment } from '../../account/time.ts'
import { directoryInWords, logInWords } from '../../divisions.ts'
import { noticeBox } from '../../layout.ts'
import { bytesInWords, counted, inThousands } from '../../numbers.ts'
import { alerts } from '../overview/alerts.ts'
import { readHost } from '../overview/read.ts'
import type { ConsolePage } from '../page.ts'
import { ADMIN } from '../paths.ts'
import { relayWords } from '../sections/relay-words.ts'

export const overview: ConsolePage = {
  path: 'overview',
  title: 'Overview',
  views: {
    '': async (c) => {
      const host = await readHost(c.env.services)
      const { accounts, activity, firehose, mails, newest, said, version } = host
      const found = alerts(host)
      const isLimited = host.freeBytes === undefined
      const errors = recentErrors()
      return {
        title: 'Overview',
        main: html`<h1>Overview</h1>
${
  found.length === 0
    ? noticeBox('Nothing needs attention.')
    : html`<section aria-labelledby="todo"><h2 id="todo">What needs attention</h2>
<ul>${found.map(
        ({ what, help, path, title, grave }) =>
          html`<li>${grave ? html`<strong class="bad">${what}</strong>` : what} ${help} <a href="${ADMIN}/${path}">${title}</a></li>`,
      )}</ul></section>`
}
<section aria-labelledby="accounts"><h2 id="accounts">Accounts</h2>
<dl class="facts">
<dt>All</dt><dd>${inThousands(accounts.all)}, ${inThousands(accounts.fresh)} of them new this week</dd>
<dt>Active</dt><dd>${inThousands(activity.active.day)} in 24 hours, ${inThousands(activity.active.month)} in 30 days <span class="quiet">(had an event; known since this is kept)</span></dd>
<dt>Taken down</dt><dd>${inThousands(accounts.takenDown)}</dd>
</dl></section>
<section aria-labelledby="writes"><h2 id="writes">Writes and firehose</h2>
<dl class="facts">
<dt>Events</dt><dd>${inThousands(activity.events.hour)} in an hour, ${inThousands(activity.events.day)} in 24 hours</dd>
<dt>Newest</dt><dd>${firehose.lastEventAt === undefined ? 'there was none yet' : html`number ${firehose.head}, ${moment(firehose.lastEventAt)}`}</dd>
<dt>Consumers</dt><dd>${firehose.consumers === 0 ? 'nobody' : `${inThousands(firehose.consumers)}, the slowest ${counted(firehose.behind, 'event')} behind`}</dd>
${firehose.relays.map(({ url }, index) => html`<dt>${URL.parse(url)?.host ?? 'Relay'}</dt><dd>${relayWords(said[index] ?? { kind: 'failed', why: 'it was not asked' }, firehose.head, host.behind)}</dd>`)}
</dl></section>
<section aria-labelledby="storage"><h2 id="storage">Storage and mail</h2>
<dl class="facts">
<dt>Disk</dt><dd>${host.freeBytes === undefined ? 'as large as the plan of the platform' : `${bytesInWords(host.freeBytes)} free`}</dd>
<dt>Firehose log</dt><dd>${bytesInWords(activity.bytes)} of ${bytesInWords(2 * host.logLimit * (firehose.log?.shards.length ?? 1))} that it may take</dd>
${firehose.log ? html`<dt>Log</dt><dd>${logInWords(firehose.log, isLimited)}</dd>` : ''}
${host.divisions ? html`<dt>Directory</dt><dd>${directoryInWords(host.divisions, accounts.all, isLimited)}</dd>` : ''}
<dt>All accounts</dt><dd>${bytesInWords(accounts.storedBytes)} of repositories and blobs <span class="quiet">(each tells on a day on which it writes, and when it has grown)</span></dd>
<dt>Each account</dt><dd>${host.quotaWords} <span class="quiet">(what one stores is on its page)</span></dd>
<dt>Mail</dt><dd>${counted(mails.waiting, 'mail')} waiting, ${inThousands(mails.failed)} given up in 30 days</dd>
<dt>Version</dt><dd>Cumulus ${version}${host.asksVersion ? (newest === undefined ? ', the newest is not known' : `, the newest is ${newest}`) : html` <span class="quiet">(whether it is the newest is not asked: <code>PDS_VERSION_URL</code>)</span>`}</dd>
</dl></section>
<h2>Last errors</h2>
${
  errors.length === 0
    ? html`<p class="quiet">None since this process started. The log has all.</p>`
    : html`<div class="table" tabindex="0" role="group" aria-label="Errors"><table>
<thead><tr><th scope="col">When</th><th scope="col">What</th><th scope="col">Error</th><th scope="col">Times</th></tr></thead>
<tbody>${errors.map(
        ({
          at,
          message,
          error,
          times,
        }) => html`<tr><td data-label="When">${moment(at)}</td><td data-label="What">${message}</td>
<td data-label="Error"><code>${error}</code></td><td data-label="Times">${times}</td></tr>`,
      )}</tbody></table></div>
<p class="quiet">Of this process alone, and gone when it ends. The log has all.</p>`
}`,
      }
    },
  },
  actions: {},
}
