/** The status page: says in words whether the network listens to this host. */
import { html } from 'hono/html'
import { type PageConfig, page } from '../layout.ts'
import type { Health } from './health.ts'

/** The page for a state of the host; `now` in ms since the epoch. */
export function statusPage(config: PageConfig, { version, firehose }: Health, now: number) {
  const { consumers, behind, lastEventAt, head, relays } = firehose
  const unheard = consumers === 0 && lastEventAt !== null
  return page({
    title: unheard ? 'Nobody is listening' : 'Status',
    config,
    main: html`<h1>Status</h1>
<p><strong>${config.hostname}</strong>, a Personal Data Server of the AT Protocol, Cumulus ${version}.</p>
${unheard ? warning(relays) : ''}
<section>
<h2>Is the network listening?</h2>
<dl>
<dt>Listeners</dt><dd>${listeners(consumers, lastEventAt !== null)}</dd>
<dt>Furthest behind</dt><dd>${furthestBehind(consumers, behind)}</dd>
<dt>Last event</dt><dd>${lastEventAt === null ? 'There was none yet.' : html`Number ${head}, ${when(lastEventAt, now)}.`}</dd>
</dl>
</section>
<section>
<h2>Relays</h2>
${
  relays.length === 0
    ? html`<p>This host asks no relay to crawl it (<code>PDS_CRAWLERS</code>).</p>`
    : html`<ul>${relays.map((relay) => html`<li>${relay.url}: ${asked(relay, now)}</li>`)}</ul>`
}
</section>`,
  })
}

type Relays = Health['firehose']['relays']

const warning = (relays: Relays) => html`<div class="note warn" role="alert">
<h2>Nobody is listening</h2>
<p>Accounts here have published, but no relay or other consumer is connected: what they write is not seen
elsewhere. ${
  relays.length === 0
    ? 'No relay is asked to crawl this host.'
    : 'Relays are asked again from time to time; what they said is below.'
} Check that this host can be reached from the internet, WebSockets included.</p>
</div>`

function listeners(consumers: number, published: boolean): string {
  if (consumers === 0) return published ? 'Nobody.' : 'Nobody, and nothing was published yet.'
  return consumers === 1 ? 'Yes: one consumer.' : `Yes: ${consumers} consumers.`
}

function furthestBehind(consumers: number, behind: number): string {
  if (consumers === 0) return 'Nobody is there to be behind.'
  if (behind === 0) return 'Everything was sent to everybody.'
  return behind === 1 ? 'One event is still to be sent.' : `${behind} events are still to be sent.`
}

function asked({ askedAt, outcome }: Relays[number], now: number) {
  if (askedAt === null) return 'not asked to crawl this host yet.'
  return html`last asked ${when(askedAt, now)}; ${outcome}.`
}

const when = (time: string, now: number) =>
  html`<time datetime="${time}">${ago(now - Date.parse(time))}</time>`

function ago(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return 'less than a minute ago'
  if (minutes < 120) return minutes === 1 ? 'a minute ago' : `${minutes} minutes ago`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} hours ago` : `${Math.floor(hours / 24)} days ago`
}
