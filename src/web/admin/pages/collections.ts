/** The page of what collection files ask for: how full indexes are, how hooks are doing, and what they were not told. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { html } from 'hono/html'
import type { IndexReport, IndexState } from '../../../contracts/host-index.ts'
import { hasCollectionFiles } from '../../../kernel/collection-files.ts'
import { type LetterView, viewLetter } from '../../../services/collections/letters.ts'
import type { HookCounts } from '../../../storage/index/tasks.ts'
import { csrfTokenOf } from '../../account/browser-session.ts'
import { moment } from '../../account/time.ts'
import { csrfTokenField, type Html, noticeBox } from '../../layout.ts'
import { bytesInWords, counted, inThousands } from '../../numbers.ts'
import type { ConsolePage, Form, Notices } from '../page.ts'
import { ADMIN } from '../paths.ts'

const COLLECTIONS = `${ADMIN}/collections`
const PAGE = 50

const NOTICES: Notices = {
  retried: 'The hook is told of it again.',
  dropped: 'It is forgotten.',
}

export const collections: ConsolePage = {
  path: 'collections',
  title: 'Collections',
  views: {
    '': async (c) => {
      if (!hasCollectionFiles()) {
        return {
          title: 'Collections',
          main: html`<h1>Collections</h1>
<p class="quiet">Nothing is indexed on this host, and nothing is told of writes: there are no files in <code>src/collections/</code>.</p>`,
        }
      }
      const { operator, hooks } = c.env.services.hostIndex
      const before = Number(c.req.query('before')) || undefined
      const [report, letters] = await Promise.all([operator.report(), hooks.letters(PAGE, before)])
      const form = csrfTokenOf(c.var.session)
      const last = letters.length === PAGE ? letters.at(-1) : undefined
      return {
        title: 'Collections',
        main: html`<h1>Collections</h1>
${noticeBox(NOTICES[c.req.query('done') ?? ''])}
${report.failed.map(({ message }) => html`<p class="bad">${message}. Writes into its collection are refused.</p>`)}
<h2>Indexes</h2>
${report.collections.length === 0 ? html`<p class="quiet">Nothing is indexed.</p>` : indexTable(report.collections)}
${shardLine(report)}
<h2>Hooks</h2>
${report.hooks.length === 0 ? html`<p class="quiet">No hook is told of writes.</p>` : hookTable(report.hooks)}
<h2>Given up</h2>
${letters.length === 0 ? html`<p class="quiet">Nothing was given up.</p>` : letterTable(letters.map(viewLetter), form)}
${last ? html`<p class="pages"><a href="${COLLECTIONS}?before=${last.id}">More</a></p>` : ''}`,
      }
    },
  },
  actions: {
    '/retry': {
      name: 'collections.retry',
      about: ({ form }) => ({ ref: form.id }),
      back: () => COLLECTIONS,
      async run({ form, services }) {
        await services.hostIndex.hooks.replay(idOf(form))
        return { to: COLLECTIONS, done: 'retried' }
      },
    },
    '/drop': {
      name: 'collections.drop',
      about: ({ form }) => ({ ref: form.id }),
      back: () => COLLECTIONS,
      async run({ form, services }) {
        await services.hostIndex.hooks.drop(idOf(form))
        return { to: COLLECTIONS, done: 'dropped' }
      },
    },
  },
}

const shardLine = ({ shards, change }: IndexReport): Html => html`
<p>${counted(shards.length, 'object')} with ${shards.map(({ bytes }) => bytesInWords(bytes)).join(', ')}.${
  change
    ? ` Being divided among ${change.shards}: ${counted(change.records, 'record')} of ${counted(change.accounts, 'account')} read so far.`
    : ''
}</p>`

const indexTable = (all: readonly IndexState[]): Html => html`
<div class="table" tabindex="0" role="group" aria-label="Indexes"><table>
<thead><tr><th scope="col">Collection</th><th scope="col">State</th><th scope="col">Reading</th></tr></thead>
<tbody>${all.map(
  ({
    collection,
    serves,
    filling,
    filled,
  }) => html`<tr><td data-label="Collection">${collection}</td>
<td data-label="State">${serves ? 'serves' : html`<span class="bad">not ready</span>`}</td>
<td data-label="Reading">${
    filling
      ? html`since ${moment(filling.startedAt)}: ${counted(filling.records, 'record')} of ${counted(filling.accounts, 'account')} so far`
      : filled
        ? `all was read: ${counted(filled.records, 'record')} of ${counted(filled.accounts, 'account')}, in ${Math.ceil(filled.ms / 1000)} s`
        : ''
  }</td></tr>`,
)}</tbody></table></div>`

const hookTable = (all: readonly HookCounts[]): Html => html`
<div class="table" tabindex="0" role="group" aria-label="Hooks"><table>
<thead><tr><th scope="col">Collection</th><th scope="col">Writes that wait</th><th scope="col">Failed attempts</th>
<th scope="col">Given up</th></tr></thead>
<tbody>${all.map(
  ({
    collection,
    waiting,
    behind,
    lost,
    failed,
    letters,
    dropped,
  }) => html`<tr><td data-label="Collection">${collection}</td>
<td data-label="Writes that wait">${inThousands(waiting)}${behind > 0 ? `, and those of ${counted(behind, 'account')} in the log` : ''}${
    lost > 0
      ? html`; <span class="bad">${inThousands(lost)} times some had left the log before</span>`
      : ''
  }</td>
<td data-label="Failed attempts">${inThousands(failed)}</td>
<td data-label="Given up">${inThousands(letters)}${dropped > 0 ? `, and ${inThousands(dropped)} that are not kept` : ''}</td></tr>`,
)}</tbody></table></div>`

const letterTable = (letters: readonly LetterView[], csrfToken: string): Html => html`
<div class="table" tabindex="0" role="group" aria-label="Given up"><table>
<thead><tr><th scope="col">Write</th><th scope="col">Since</th><th scope="col">Last error</th>
<th scope="col"><span class="quiet">What to do</span></th></tr></thead>
<tbody>${letters.map(
  ({
    id,
    uri,
    action,
    attempts,
    error,
    failedAt,
  }) => html`<tr><td data-label="Write">${action} <code>${uri}</code></td>
<td data-label="Since">${moment(failedAt)}, after ${counted(attempts, 'attempt')}</td>
<td data-label="Last error">${error}</td>
<td><form method="post" action="${COLLECTIONS}/retry">${csrfTokenField(csrfToken)}<input type="hidden" name="id" value="${id}">
<button class="second" aria-label="Try again: ${uri}">Try again</button></form>
<form method="post" action="${COLLECTIONS}/drop">${csrfTokenField(csrfToken)}<input type="hidden" name="id" value="${id}">
<button class="second" aria-label="Forget: ${uri}">Forget</button></form></td></tr>`,
)}</tbody></table></div>`

/** @throws InvalidRequestError */
function idOf({ id = '' }: Form): number {
  if (/^\d{1,15}$/.test(id)) return Number(id)
  throw new InvalidRequestError('Open the page again and try again')
}
