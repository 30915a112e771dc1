/** Who an account says it is, held against what its DID document says. */
import { html } from 'hono/html'
import type { Services } from '../../../context/services.ts'
import { handleOf, pdsOf, signingKeyOf } from '../../../services/identity/did-document.ts'
import type { HostedAccount } from '../../../storage/directory/accounts.ts'
import type { Html } from '../../layout.ts'
import { within } from '../../within.ts'

export async function identitySection(
  { did, handle }: HostedAccount,
  services: Services,
): Promise<Html> {
  const { keys } = services.account(did)
  const [document, problem, key] = await Promise.all([
    within(services.identity.did(did, { fresh: true })),
    within(services.accounts.identityProblem(did)),
    within(keys.publicKey()),
  ])
  const said = 'value' in document ? document.value : undefined
  const claimed = said && handleOf(said)
  const problems = [
    'error' in document ? document.error : undefined,
    'error' in problem ? undefined : problem.value,
    said && claimed !== handle
      ? `The DID document names the handle ${claimed ?? 'none'}.`
      : undefined,
  ].filter((text) => text !== undefined)
  return html`<section aria-labelledby="identity"><h2 id="identity">Identity</h2>
${
  problems.length === 0
    ? html`<p class="note good">The DID document says what this host says.</p>`
    : problems.map((text) => html`<p class="note bad">${text}</p>`)
}
<dl class="facts">
<dt>Signing key here</dt><dd><code>${'value' in key ? key.value : key.error}</code></dd>
<dt>Key in the document</dt><dd><code>${(said && signingKeyOf(said)) ?? 'none'}</code></dd>
<dt>Host in the document</dt><dd><code>${(said && pdsOf(said)) ?? 'none'}</code></dd>
<dt>Handle in the document</dt><dd>${claimed ?? 'none'}</dd>
</dl></section>`
}
