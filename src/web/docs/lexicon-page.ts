/** The page of one lexicon. */
import type {
  LexPermissionSet,
  LexRecord,
  LexUserType,
  LexXrpcBody,
  LexXrpcProcedure,
  LexXrpcQuery,
  LexXrpcSubscription,
} from '@atproto/lexicon'
import { html } from 'hono/html'
import type { Services } from '../../context/services.ts'
import { type Html, page } from '../layout.ts'
import { exampleOf } from './example.ts'
import { anchorOf, DOCS, DOCS_SCRIPT, pagePath } from './paths.ts'
import { accessTo, accessView, destinationOf, routeWord } from './route-view.ts'
import { fieldsView, type Place, schemaView } from './schema-view.ts'
import type { DocumentedLexicon } from './source.ts'
import { commandLine, tryForm } from './try-form.ts'

type Method = LexXrpcQuery | LexXrpcProcedure | LexXrpcSubscription
export type Lexicons = ReadonlyMap<string, DocumentedLexicon>

export async function lexiconPage(
  { nsid, defs }: DocumentedLexicon,
  lexicons: Lexicons,
  services: Pick<Services, 'config'>,
): Promise<Html> {
  const { main, ...others } = defs
  const place: Place = { nsid, has: (other) => lexicons.has(other) }
  return page({
    title: nsid,
    config: services.config,
    ownScript: DOCS_SCRIPT,
    main: html`<div class="docs">
<p><a href="${DOCS}">All methods and records</a></p>
<h1 id="${anchorOf('main')}">${nsid}</h1>
${main?.description ? html`<p>${main.description}</p>` : ''}
${main ? await mainView(main, place, lexicons, services) : html`<p class="quiet">Definitions that others use.</p>`}
${Object.entries(others).map(
  ([name, def]) => html`<section id="${anchorOf(name)}">
<h2>#${name}</h2>
${def.description ? html`<p>${def.description}</p>` : ''}
${schemaView({ ...def, description: undefined }, place)}
</section>`,
)}
</div>`,
  })
}

function mainView(
  main: LexUserType,
  place: Place,
  lexicons: Lexicons,
  services: Pick<Services, 'config'>,
): Html | Promise<Html> {
  switch (main.type) {
    case 'query':
    case 'procedure':
    case 'subscription':
      return methodView(main, place, lexicons, services)
    case 'record':
      return recordView(main, place, lexicons, services)
    case 'permission-set':
      return permissionsView(main)
    default:
      return html`<section>${schemaView({ ...main, description: undefined }, place)}</section>`
  }
}

async function methodView(
  method: Method,
  place: Place,
  lexicons: Lexicons,
  services: Pick<Services, 'config'>,
): Promise<Html> {
  const { nsid } = place
  const destination = destinationOf(nsid, services)
  const access = await accessTo(nsid, destination, services)
  const input = method.type === 'procedure' ? method.input : undefined
  const { publicUrl } = services.config
  const params = method.parameters?.properties ?? {}
  const needed = method.parameters && exampleOf(method.parameters, nsid, lexicons)
  return html`<p><span class="state">${method.type}</span> <span class="state${access ? ' on' : ''}">${routeWord(destination)}</span>${
    destination.to === 'forwarded' ? html` <code>${destination.address}</code>` : ''
  }</p>
${access ? html`<section><h2>Access</h2>${accessView(nsid, access, input !== undefined)}</section>` : ''}
${Object.keys(params).length > 0 ? html`<section><h2>Parameters</h2>${fieldsView(method.parameters, place)}</section>` : ''}
${input ? bodyView('Input', input, place, lexicons) : ''}
${method.type !== 'subscription' && method.output ? bodyView('Output', method.output, place, lexicons) : ''}
${method.type === 'subscription' && method.message ? html`<section><h2>Messages</h2>${schemaView(method.message.schema, place)}</section>` : ''}
${errorsView(method)}
${
  access && method.type !== 'subscription'
    ? html`<section><h2>Call it</h2>
${commandLine(publicUrl, nsid, { input: input && example(input, place, lexicons), encoding: input?.encoding, params: needed, signedIn: !access.anyone })}
${tryForm(nsid, method, example(input, place, lexicons), access)}</section>`
    : ''
}`
}

const example = (body: LexXrpcBody | undefined, { nsid }: Place, lexicons: Lexicons) =>
  body?.schema ? JSON.stringify(exampleOf(body.schema, nsid, lexicons), null, 2) : undefined

function bodyView(title: string, body: LexXrpcBody, place: Place, lexicons: Lexicons): Html {
  const shown = example(body, place, lexicons)
  return html`<section><h2>${title}</h2>
<p><code>${body.encoding}</code></p>
${body.description ? html`<p>${body.description}</p>` : ''}
${body.schema ? schemaView(body.schema, place) : html`<p class="quiet">Bytes.</p>`}
${shown === undefined ? '' : html`<details><summary>Example</summary><pre tabindex="0"><code>${shown}</code></pre></details>`}
</section>`
}

function errorsView({ errors = [] }: Method): Html {
  if (errors.length === 0) return html`<section><h2>Errors</h2><p>${COMMON_ERRORS}</p></section>`
  return html`<section><h2>Errors</h2>
<ul class="fields">${errors.map(({ name, description }) => html`<li><p><code>${name}</code></p>${description ? html`<p>${description}</p>` : ''}</li>`)}</ul>
<p class="quiet">${COMMON_ERRORS}</p></section>`
}

const COMMON_ERRORS =
  'Those of all methods: InvalidRequest (400), AuthMissing (401), ScopeMissingError (403), RateLimitExceeded (429), InternalServerError (500).'

function recordView(
  { record, key }: LexRecord,
  place: Place,
  lexicons: Lexicons,
  { config }: Pick<Services, 'config'>,
): Html {
  const { nsid } = place
  const value = { $type: nsid, ...(exampleOf(record, nsid, lexicons) as object) }
  const write = JSON.stringify(
    { repo: 'alice.example.com', collection: nsid, record: value },
    null,
    2,
  )
  const method = 'com.atproto.repo.createRecord'
  return html`<p><span class="state">record</span></p>
<section><h2>Access</h2><dl class="facts">
<dt>Who may write</dt><dd>The owner of the repository, with <a href="${pagePath(method)}">${method}</a> and its like.</dd>
<dt>Apps (OAuth)</dt><dd><code>repo:${nsid}</code></dd>
<dt>Who may read</dt><dd>Anybody.</dd>
<dt>Key</dt><dd><code>${key ?? 'any'}</code></dd>
</dl></section>
<section><h2>Fields</h2>${fieldsView(record, place)}
<details><summary>Example</summary><pre tabindex="0"><code>${JSON.stringify(value, null, 2)}</code></pre></details></section>
<section><h2>Write one</h2>${commandLine(config.publicUrl, method, { input: write, encoding: 'application/json', params: undefined, signedIn: true })}</section>`
}

const permissionsView = (
  set: LexPermissionSet,
): Html => html`<p><span class="state">permission set</span></p>
<section><h2>${set.title ?? 'Permissions'}</h2>
${set.detail ? html`<p>${set.detail}</p>` : ''}
${(set.permissions ?? []).map((permission) => html`<pre tabindex="0"><code>${JSON.stringify(permission, null, 2)}</code></pre>`)}
</section>`
