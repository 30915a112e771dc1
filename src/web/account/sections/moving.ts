/** How an account leaves for another host, and the code for it where none comes by mail. */
import { html } from 'hono/html'
import { csrfTokenField, type Html, SETTINGS } from '../../layout.ts'
import { isFresh } from '../browser-session.ts'
import type { View } from '../view.ts'
import { confirmFirst } from './confirm-first.ts'

/** Whether codes reach the owner by mail: then whoever has only the password does not get one. */
export const getsMail = ({ services, session }: Pick<View, 'services' | 'session'>): boolean =>
  services.mail.sends && session.email !== null

export function movingSection(view: View): Html {
  const { services, session, csrfToken } = view
  const { did, handle } = session
  return html`<section aria-labelledby="moving">
<h2 id="moving">Move to another host</h2>
<p>Your identity, posts and followers go along. The move begins at the new host: on another Cumulus at its page
<code>/migrate</code>, or with <code>cumulus migrate ${handle}</code>; elsewhere with its tool for moving.</p>
<p>It signs in here with your main password. This host, ${services.config.publicUrl}, keeps everything until the move is complete, and
after that too, switched off.</p>
${did.startsWith('did:plc:') ? codePart(view, csrfToken) : html`<p>For your did:web you publish a new document; the tool shows it.</p>`}
</section>`
}

function codePart(view: View, csrfToken: string): Html {
  const { session } = view
  if (getsMail(view)) {
    return html`<p>It asks for a code, which is then mailed to ${session.email ?? ''}.</p>`
  }
  return html`<p>It asks for a code. Since you get no mail from this host, you get the code here.</p>
${
  isFresh(session)
    ? html`<form method="post" action="${SETTINGS}/move/code">${csrfTokenField(csrfToken)}
<button class="second">Show me a code for moving</button></form>`
    : confirmFirst('data', 'Showing it takes your password or passkey again.')
}`
}

export const movingCode = (token: string): Html =>
  html`<section class="note" aria-labelledby="code" role="status">
<h2 id="code">Your code for moving</h2>
<code class="secret">${token}</code>
<p>It is good once, within an hour, and is shown only now. Whoever has it and your password can take your identity away:
give it to nobody, and type it only where you move.</p>
</section>`
