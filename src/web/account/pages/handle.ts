/** The account's name: one of this host, or of a domain of one's own. */
import { html } from 'hono/html'
import { csrfTokenField, type Html, SETTINGS } from '../../layout.ts'
import type { View } from '../view.ts'

export async function handlePage({ services, session, csrfToken }: View): Promise<Html> {
  const { handleDomains } = services.config
  const { handle, did } = session
  return html`<h1>Handle</h1>
<section aria-labelledby="now">
<h2 id="now">@${handle}</h2>
<p>Your handle is how others find you. Posts and followers stay when it changes, since they belong to your DID. The old
one is kept for you for a while.</p>
</section>
${
  handleDomains.length === 0
    ? ''
    : html`<section aria-labelledby="here">
<h2 id="here">A name of this host</h2>
<form method="post" action="${SETTINGS}/handle">
${csrfTokenField(csrfToken)}
<div class="row"><div class="grow"><label for="name">Name</label>
<input id="name" name="name" autocapitalize="none" autocomplete="off" spellcheck="false" maxlength="63" required></div>
<div><label for="domain">Domain</label>
<select id="domain" name="domain">${handleDomains.map((domain) => html`<option>${domain}</option>`)}</select></div></div>
<button>Take this name</button>
</form>
</section>`
}
<section aria-labelledby="own">
<h2 id="own">A domain of your own</h2>
<p>First say there whose it is, in one of these two ways. For <code>example.com</code>:</p>
<ul>
<li>A DNS record named <code>_atproto.example.com</code> of type <code>TXT</code> with the value
<code class="secret">did=${did}</code></li>
<li>Or a file at <code>https://example.com/.well-known/atproto-did</code> that holds
<code class="secret">${did}</code></li>
</ul>
<form method="post" action="${SETTINGS}/handle">
${csrfTokenField(csrfToken)}
<label for="handle">Domain</label>
<input id="handle" name="handle" autocapitalize="none" autocomplete="off" spellcheck="false" maxlength="253"
 placeholder="example.com" required>
<button>Check it and use it</button>
</form>
</section>`
}
