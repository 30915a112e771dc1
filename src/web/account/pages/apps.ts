/** Which apps may act for an account. */
import { html } from 'hono/html'
import type { OpenSession } from '../../../storage/account/sessions.ts'
import type { AuthorizedClient } from '../../../storage/oauth/clients.ts'
import { csrfTokenField, type Html, SETTINGS } from '../../layout.ts'
import { appPasswordSection } from '../sections/app-passwords.ts'
import { dayOf } from '../time.ts'
import type { View } from '../view.ts'

export async function appsPage({ account, services, session, csrfToken }: View): Promise<Html> {
  const { did } = session
  const [passwords, sessions, granted, tokens] = await Promise.all([
    account.passwords.listAppPasswords(),
    account.sessions.list(),
    services.oauth.clients.authorizedBy([did]),
    services.oauth.tokens.ofAccount(did),
  ])
  const clients = new Map<string, AuthorizedClient>()
  for (const client of granted.find((entry) => entry.did === did)?.clients ?? []) {
    clients.set(client.clientId, client)
  }
  const usedAt = new Map<string, number>()
  for (const { clientId, scope, updatedAt } of tokens) {
    usedAt.set(clientId, Math.max(updatedAt, usedAt.get(clientId) ?? 0))
    // One that is signed in, though its owner wants to be asked again.
    if (!clients.has(clientId)) clients.set(clientId, { clientId, scopes: scope.split(' ') })
  }
  const own = sessions.filter(({ appPassword }) => appPassword === null)
  return html`<h1>Apps</h1>
<section aria-labelledby="grants">
<h2 id="grants">Apps that you have let in</h2>
<p>They act for you without knowing your password, and may do what you have agreed to.</p>
${
  clients.size === 0
    ? html`<p class="quiet">There are none.</p>`
    : html`<ul class="list">${[...clients.values()].map((client) =>
        grantItem(client, usedAt.get(client.clientId), csrfToken),
      )}</ul>`
}
</section>
${appPasswordSection(passwords, csrfToken)}
${own.length === 0 ? '' : sessionSection(own, csrfToken)}`
}

const grantItem = (
  { clientId, scopes }: AuthorizedClient,
  usedAt: number | undefined,
  csrfToken: string,
): Html => html`<li class="item">
<div><strong>${clientId}</strong><br>
<span class="quiet">${usedAt === undefined ? 'Not signed in now' : html`Last used ${dayOf(usedAt)}`}</span>
<details><summary>What it may do</summary><ul>${scopes.map((scope) => html`<li><code>${scope}</code></li>`)}</ul></details>
</div>
<form method="post" action="${SETTINGS}/apps/revoke">
${csrfTokenField(csrfToken)}<input type="hidden" name="client" value="${clientId}">
<button class="danger" aria-label="Remove the app ${clientId}">Remove</button></form>
</li>`

const sessionSection = (sessions: readonly OpenSession[], csrfToken: string): Html => html`
<section aria-labelledby="sessions">
<h2 id="sessions">Signed in with your main password</h2>
<p>Apps that were given the password itself.</p>
<ul class="list">${sessions.map(
  ({ family, usedAt }, index) => html`<li class="item">
<div><strong>Session ${index + 1}</strong><br><span class="quiet">Last renewed ${dayOf(usedAt)}</span></div>
<form method="post" action="${SETTINGS}/apps/sign-out">
${csrfTokenField(csrfToken)}<input type="hidden" name="session" value="${family}">
<button class="danger" aria-label="Sign out session ${index + 1}">Sign out</button></form>
</li>`,
)}</ul>
</section>`
