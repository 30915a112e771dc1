/** The page of the firehose: who listens, and the relays that are asked to. */
import { InvalidRequestError, XRPCError } from '@atproto/xrpc-server'
import { html } from 'hono/html'
import type { ConsumerView, FirehoseStatus } from '../../../contracts/sequencer.ts'
import type { RelayStatus } from '../../../services/relays.ts'
import { csrfTokenOf } from '../../account/browser-session.ts'
import { moment } from '../../account/time.ts'
import { csrfTokenField, type Html, noticeBox } from '../../layout.ts'
import { bytesInWords, counted, inThousands } from '../../numbers.ts'
import type { ConsolePage, Notices } from '../page.ts'
import { ADMIN } from '../paths.ts'
import { type Behind, countBehind, relayWords } from '../sections/relay-words.ts'

const RELAYS = `${ADMIN}/relays`

const NOTICES: Notices = {
  ended: 'The connection is ended. Its consumer may come back by itself.',
  asked: 'The relay was asked. What it answered is below.',
}

export const relays: ConsolePage = {
  path: 'relays',
  title: 'Relays',
  views: {
    '': async (c) => {
      const { config, sequencer, relays } = c.env.services
      const [status, consumers] = await Promise.all([sequencer.status(), sequencer.consumers()])
      const said = await Promise.all(status.relays.map(({ url }) => relays.of(url)))
      const behind = await countBehind(said, { sequencer })
      const form = csrfTokenOf(c.var.session)
      return {
        title: 'Relays and firehose',
        main: html`<h1>Relays and firehose</h1>
${noticeBox(NOTICES[c.req.query('done') ?? ''])}
<section aria-labelledby="events"><h2 id="events">Firehose</h2>
<dl class="facts">
<dt>Newest event</dt><dd>${status.lastEventAt === undefined ? 'there was none yet' : html`number ${status.head}, ${moment(status.lastEventAt)}`}</dd>
<dt>Consumers</dt><dd>${inThousands(status.consumers)}</dd>
<dt>Furthest behind</dt><dd>${counted(status.behind, 'event')}</dd>
<dt>Sent, not known to be read</dt><dd>${bytesInWords(consumers.reduce((sum, { sent }) => sum + sent, 0))} of ${bytesInWords(config.firehose.maxUnread)} at most</dd>
</dl></section>
<h2>Consumers</h2>
${consumerTable(consumers, form)}
<h2>Relays</h2>
${relayTable(status, said, behind, form)}`,
      }
    },
  },
  actions: {
    '/end': {
      name: 'firehose.end',
      about: ({ form }) => ({ ref: form.id, note: form.network }),
      back: () => RELAYS,
      async run({ form, services }) {
        if (await services.sequencer.endConsumer(form.id ?? ''))
          return { to: RELAYS, done: 'ended' }
        throw new InvalidRequestError('This consumer is gone already')
      },
    },
    '/request-crawl': {
      name: 'relays.requestCrawl',
      about: ({ form }) => ({ uri: form.url }),
      back: () => RELAYS,
      async run({ form, services }) {
        const answer = await services.sequencer.requestCrawl(form.url ?? '')
        if (answer === 'soon') {
          throw new XRPCError(429, 'It was asked less than a minute ago', 'RateLimitExceeded')
        }
        if (answer === 'unknown') {
          throw new InvalidRequestError('This relay is not in PDS_CRAWLERS')
        }
        return { to: RELAYS, done: 'asked' }
      },
    },
  },
}

const consumerTable = (consumers: readonly ConsumerView[], csrfToken: string): Html =>
  consumers.length === 0
    ? html`<p class="quiet">Nobody listens.</p>`
    : html`<div class="table" tabindex="0" role="group" aria-label="Consumers"><table>
<thead><tr><th scope="col">Since</th><th scope="col">From</th><th scope="col">At event</th><th scope="col">Behind</th>
<th scope="col">Sent</th><th scope="col"><span class="quiet">End</span></th></tr></thead>
<tbody>${consumers.map(
        ({ id, since, network, cursor, behind, sent }, index) => html`<tr>
<td data-label="Since">${since === undefined ? 'unknown' : moment(since)}</td>
<td data-label="From">${network ?? 'not counted'}</td>
<td data-label="At event">${cursor}</td><td data-label="Behind">${behind === 0 ? 'no' : counted(behind, 'event')}</td>
<td data-label="Sent">${bytesInWords(sent)}</td>
<td><form method="post" action="${RELAYS}/end">${csrfTokenField(csrfToken)}<input type="hidden" name="id" value="${id}"><input type="hidden" name="network" value="${network ?? ''}">
<button class="danger" aria-label="End connection ${index + 1}">End</button></form></td></tr>`,
      )}</tbody></table></div>
<p class="quiet">How much of what was sent a consumer has read is not known until its connection ends.</p>`

const relayTable = (
  { relays, head }: FirehoseStatus,
  said: readonly RelayStatus[],
  behind: Behind,
  csrfToken: string,
): Html =>
  relays.length === 0
    ? html`<p class="quiet">This host asks no relay to crawl it (<code>PDS_CRAWLERS</code>; nobody can crawl <code>localhost</code>).</p>`
    : html`<div class="table" tabindex="0" role="group" aria-label="Relays"><table>
<thead><tr><th scope="col">Relay</th><th scope="col">Last asked to crawl</th><th scope="col">Its answer</th>
<th scope="col">What it says of this host</th><th scope="col"><span class="quiet">Ask</span></th></tr></thead>
<tbody>${relays.map(
        ({ url, askedAt, outcome, failures }, index) => html`<tr>
<td data-label="Relay"><code>${originOf(url)}</code></td>
<td data-label="Last asked">${askedAt === undefined ? 'never' : moment(askedAt)}</td>
<td data-label="Its answer">${failures > 0 ? html`<span class="bad">${outcome ?? ''}</span>` : (outcome ?? '')}</td>
<td data-label="Says">${relayWords(said[index] ?? { kind: 'failed', why: 'it was not asked' }, head, behind)}</td>
<td><form method="post" action="${RELAYS}/request-crawl">${csrfTokenField(csrfToken)}<input type="hidden" name="url" value="${url}">
<button class="second" aria-label="Ask now: ${originOf(url)}">Ask now</button></form></td></tr>`,
      )}</tbody></table></div>`

/** Without what a setting may have of credentials. */
const originOf = (url: string): string => URL.parse(url)?.origin ?? ''
