/** Who the account is to the network, and who may change that. */
import { html } from 'hono/html'
import { type PlcData, PlcError, type PlcLogEntry } from '../../../services/identity/plc.ts'
import { csrfTokenField, type Html, SETTINGS, scriptAlert } from '../../layout.ts'
import { isFresh } from '../browser-session.ts'
import { historyOf } from '../plc-history.ts'
import { confirmFirst } from '../sections/confirm-first.ts'
import { day } from '../time.ts'
import type { View } from '../view.ts'

/** Steps of the history that are shown, the newest. */
const MAX_STEPS = 100

export async function identityPage(view: View): Promise<Html> {
  const { account, session } = view
  const { did } = session
  const signingKey = await account.keys.publicKey()
  return html`<h1>Identity</h1>
<section aria-labelledby="did">
<h2 id="did">Your DID</h2>
<code class="secret">${did}</code>
<p>It stays the same when your handle or your host changes. Your posts are signed with this key, which the host keeps
for you:</p>
<code class="secret">${signingKey}</code>
</section>
${did.startsWith('did:plc:') ? await plcSections(view, signingKey) : webSection(did)}`
}

const webSection = (did: string): Html => html`
<section aria-labelledby="keys">
<h2 id="keys">Who may change it</h2>
<p>Whoever has the domain in it. The document is at
<code>https://${did.slice('did:web:'.length)}/.well-known/did.json</code>. An identity of this kind has neither rotation keys nor a history,
and no recovery key: it lasts as long as the domain.</p>
</section>`

async function plcSections(view: View, signingKey: string): Promise<Html> {
  const { plc } = view.services
  const { did } = view.session
  try {
    const [data, log] = await Promise.all([plc.documentData(did), plc.auditLog(did)])
    const held = plc.ownDidKeys().find((key) => data.rotationKeys.includes(key))
    const own = held ?? plc.rotationDidKey()
    return html`${signingKeyNote(data, signingKey)}${keySection(data, own)}
${recoverySection(view, data, own)}${historySection(log)}`
  } catch (error) {
    if (!(error instanceof PlcError)) throw error
    return html`<section><p class="note bad" role="alert">The PLC directory does not answer just now: ${error.message}</p></section>`
  }
}

const signingKeyNote = ({ verificationMethods }: PlcData, signingKey: string): Html | '' =>
  verificationMethods.atproto === signingKey
    ? ''
    : html`<p class="note bad" role="alert">The PLC directory names another key for your posts: ${verificationMethods.atproto ?? 'none'}.
The network does not accept what is signed here. The operator of this host can put that right.</p>`

const keySection = ({ rotationKeys }: PlcData, own: string): Html => {
  const place = rotationKeys.indexOf(own)
  return html`<section aria-labelledby="keys">
<h2 id="keys">Keys that may change it</h2>
<p>In this order: for 72 hours, a key can undo what one further down has signed.</p>
${
  place === 0
    ? html`<p class="note bad" role="alert">The host alone rules: no key stands above its own. If the host were lost or turned
against you, nobody could give you your identity back. Add a recovery key.</p>`
    : ''
}
${place < 0 ? html`<p class="note bad" role="alert">The key of this host is not among them: it cannot change your handle.</p>` : ''}
<ol class="keys">${rotationKeys.map(
    (key) =>
      html`<li><code>${key}</code> ${key === own ? html`<span class="state">this host</span>` : html`<span class="state on">not this host</span>`}</li>`,
  )}</ol>
</section>`
}

const recoverySection = (
  { session, csrfToken }: View,
  { rotationKeys }: PlcData,
  own: string,
): Html => {
  if (!rotationKeys.includes(own)) return html``
  return html`<section aria-labelledby="recovery">
<h2 id="recovery">Recovery key</h2>
<p>A key that only you have, above that of the host. With it you can take your identity to another host without asking
this one.</p>
${
  isFresh(session)
    ? html`${scriptAlert()}
<div id="made-key" data-made-key tabindex="-1" hidden>
<p>This is the private key. <strong>It is shown only now, and this host never sees it.</strong> Print it or put it into your
password manager.</p>
<code class="secret" data-private-key></code>
<p><a class="button second" data-save-key download="recovery-key.txt">Save it as a file</a></p>
</div>
<p data-make-key hidden><button type="button" class="second">Make a key in this browser</button></p>
<form method="post" action="${SETTINGS}/identity/recovery-key">
${csrfTokenField(csrfToken)}
<label for="recovery-key">Public key</label>
<input id="recovery-key" name="key" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="200"
 placeholder="did:key:z…" pattern="did:key:z[1-9A-HJ-NP-Za-km-z]+" required>
<p class="quiet">Made here, or with a tool of your own, such as <code>goat key generate</code>.</p>
<label class="check"><input type="checkbox" name="kept" value="yes" required> I have kept the private key where I will find
it again</label>
<button>Add the recovery key</button>
</form>`
    : confirmFirst('identity', 'Adding one takes your password or passkey again.')
}
</section>`
}

const historySection = (log: readonly PlcLogEntry[]): Html => {
  const steps = historyOf(log).toReversed()
  return html`<section aria-labelledby="history">
<h2 id="history">History</h2>
<p>What the PLC directory has on record, the newest first. Everybody can read it.</p>
<ul class="list">${steps
    .slice(0, MAX_STEPS)
    .map(
      ({ at, said, isUndone }) =>
        html`<li>${day(at)} ${isUndone ? html`<span class="state">undone</span>` : ''}<br>${said.map((line) => html`<span>${line}</span> `)}</li>`,
    )}</ul>
</section>`
}
