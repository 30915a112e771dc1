/** How a method is called: by a command, and by the form of its page, whose script asks in the browser. */
import type { LexXrpcProcedure, LexXrpcQuery } from '@atproto/lexicon'
import { html } from 'hono/html'
import type { Html } from '../layout.ts'
import type { MethodAccess } from './route-view.ts'

export interface CommandParts {
  input: string | undefined
  encoding: string | undefined
  params: unknown
  signedIn: boolean
}

/** A command that calls it; its text is shown and run by nobody here. */
export function commandLine(
  publicUrl: string,
  nsid: string,
  { input, encoding, params, signedIn }: CommandParts,
): Html {
  const query = new URLSearchParams(
    Object.entries((params ?? {}) as object).flatMap(([name, value]) =>
      [value].flat().map((one) => [name, String(one)]),
    ),
  ).toString()
  const url = `${publicUrl}/xrpc/${nsid}${query && `?${query}`}`
  const lines = [
    `curl ${quoted(url)}`,
    ...(signedIn ? [`-H "authorization: Bearer $TOKEN"`] : []),
    ...(encoding === undefined ? [] : [`-H ${quoted(`content-type: ${encoding}`)}`]),
    ...(encoding === undefined
      ? []
      : [input === undefined ? '--data-binary @file' : `-d ${quoted(input)}`]),
  ]
  return html`<pre tabindex="0"><code>${lines.join(' \\\n  ')}</code></pre>`
}

/** In the quotes of a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** The form; without its script it stays hidden, since a token must not become part of an address. */
export function tryForm(
  nsid: string,
  method: LexXrpcQuery | LexXrpcProcedure,
  body: string | undefined,
  access: MethodAccess,
): Html {
  const input = method.type === 'procedure' ? method.input : undefined
  const params = Object.entries(method.parameters?.properties ?? {})
  const required = new Set(method.parameters?.required ?? [])
  const takesSession = access.credentials.some(
    (kind) => kind === 'session' || kind === 'main password',
  )
  return html`<noscript><p class="quiet">The form that calls it here needs scripts.</p></noscript>
<div data-try hidden>
${takesSession ? signInView() : ''}
<form data-call="${nsid}" data-verb="${method.type === 'query' ? 'GET' : 'POST'}" data-encoding="${input?.encoding ?? ''}">
<h3>Request</h3>
${params.map(
  ([name, schema]) =>
    html`<label for="param-${name}">${name}${required.has(name) ? html` <span class="req">required</span>` : ''}${
      schema.type === 'array' ? html` <span class="quiet">(several with commas)</span>` : ''
    }</label><input id="param-${name}" data-param="${name}"${schema.type === 'array' ? ' data-list' : ''} autocomplete="off" spellcheck="false">`,
)}
${
  input === undefined
    ? ''
    : input.schema
      ? html`<label for="body">Body</label><textarea id="body" data-body spellcheck="false">${body ?? '{}'}</textarea>`
      : html`<label for="file">File</label><input id="file" type="file" data-file>`
}
<button>Call</button>
</form>
<div data-answer tabindex="-1" hidden><h3>Answer</h3><p role="status" data-status></p><pre tabindex="0"><code data-text></code></pre></div>
</div>`
}

const signInView = (): Html => html`<form data-sign-in>
<h3>Sign in</h3>
<p class="quiet">An app password is enough for most methods. The session stays in this tab, until you sign out or close it.</p>
<label for="identifier">Handle</label><input id="identifier" autocomplete="username" autocapitalize="none" spellcheck="false" required>
<label for="password">Password</label><input id="password" type="password" autocomplete="current-password" required>
<div data-code hidden><label for="code">Code</label><input id="code" autocomplete="one-time-code"></div>
<button class="second">Sign in</button>
<p class="note bad" role="alert" data-refusal hidden></p>
</form>
<form data-signed-in hidden><p>Signed in as <strong data-handle></strong>. <button class="second">Sign out</button></p></form>`
