/** The list of all methods and records, and what a search finds in it. */
import { html } from 'hono/html'
import type { Services } from '../../context/services.ts'
import { type Html, page } from '../layout.ts'
import { DOCS, pagePath } from './paths.ts'
import { destinationOf, routeWord } from './route-view.ts'
import type { DocumentedLexicon } from './source.ts'

/** What a search says; both may be empty. */
export interface Search {
  words: string
  kind: string
}

const KINDS = ['query', 'procedure', 'subscription', 'record', 'permission-set'] as const

/** Characters of a search that count. */
const MAX_SEARCH = 200
/** Characters of a description in the list. */
const SHORT = 160

export function indexPage(
  lexicons: ReadonlyMap<string, DocumentedLexicon>,
  search: Search,
  { config }: Pick<Services, 'config'>,
): Html {
  const words = search.words.slice(0, MAX_SEARCH)
  const found = matching(lexicons.values(), words, search.kind)
  const groups = Map.groupBy(found, ({ nsid }) => nsid.slice(0, nsid.lastIndexOf('.')))
  const narrowed = words !== '' || search.kind !== ''
  return page({
    title: narrowed ? `Methods and records: ${words}` : 'Methods and records',
    config,
    main: html`<div class="docs">
<h1>Methods and records</h1>
<form class="search" action="${DOCS}" method="get" role="search">
<div><label for="q">Search</label><input id="q" name="q" type="search" value="${words}" maxlength="${MAX_SEARCH}"></div>
<div><label for="kind">Kind</label><select id="kind" name="kind"><option value="">All</option>${KINDS.map(
      (kind) => html`<option${kind === search.kind ? ' selected' : ''}>${kind}</option>`,
    )}</select></div>
<button>Search</button>
</form>
<p class="quiet" role="status">${found.length === 1 ? 'One is' : `${found.length || 'None'} are`} ${narrowed ? 'found' : 'here'}.</p>
${[...groups].map(
  ([namespace, members]) => html`<section>
<h2>${namespace}</h2>
<ul class="methods">${members.map((lexicon) => entry(lexicon, { config }))}</ul>
</section>`,
)}
</div>`,
  })
}

function entry({ nsid, defs }: DocumentedLexicon, services: Pick<Services, 'config'>): Html {
  const { main } = defs
  const kind = main?.type ?? 'definitions'
  const isMethod = kind === 'query' || kind === 'procedure' || kind === 'subscription'
  const about = main?.description ?? ''
  return html`<li><a href="${pagePath(nsid)}"><strong>${nsid.slice(nsid.lastIndexOf('.') + 1)}</strong></a>
<span class="state">${kind}</span>${isMethod ? html` <span class="quiet">${routeWord(destinationOf(nsid, services))}</span>` : ''}
${about ? html`<p class="quiet">${about.length > SHORT ? `${about.slice(0, SHORT)}…` : about}</p>` : ''}</li>`
}

/** All words are in the name, the description or the name of an error. */
function matching(
  lexicons: Iterable<DocumentedLexicon>,
  words: string,
  kind: string,
): DocumentedLexicon[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
  return [...lexicons].filter(({ nsid, defs: { main } }) => {
    if (kind !== '' && main?.type !== kind) return false
    const errors = main && 'errors' in main ? (main.errors ?? []).map(({ name }) => name) : []
    const text = [nsid, main?.description ?? '', ...errors].join(' ').toLowerCase()
    return wanted.every((word) => text.includes(word))
  })
}
