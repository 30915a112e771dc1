/** What somebody sees who opens the host's address. */
import { html } from 'hono/html'
import type { Config } from '../kernel/config/config.ts'
import { type Html, page, pageHeaders, SETTINGS } from './layout.ts'
import { MIGRATE } from './migrate/paths.ts'

/** Browsers ask for HTML by name; curl and the like get text. */
export async function landing(request: Request, config: Config): Promise<Response> {
  const { headers } = request
  const wantsHtml = headers.get('accept')?.includes('text/html') ?? false
  const body = wantsHtml ? await landingPage(config) : landingText(config)
  const type = wantsHtml ? 'text/html' : 'text/plain'
  const common = { 'content-type': `${type}; charset=utf-8`, vary: 'accept' }
  return new Response(body.toString(), {
    headers: { ...(wantsHtml && pageHeaders(request, config)), ...common },
  })
}

const landingText = (config: Config): string =>
  `This is ${nameAndHost(config)}, a Personal Data Server of the AT Protocol.\n\n` +
  'Sign in to it from an app such as https://bsky.app: choose "Custom" as hosting provider\n' +
  `and enter ${config.publicUrl}\n\n` +
  'The API is under /xrpc/.\n'

const landingPage = (config: Config): Html =>
  page({
    title: 'Personal Data Server',
    config,
    main: html`<h1>A home for accounts</h1>
<p>This is <strong>${nameAndHost(config)}</strong>, a Personal Data Server of the AT Protocol. It keeps its members'
posts, follows, likes and images, and gives them to the apps they choose.</p>
<section>
<h2>Sign in from an app</h2>
<p>Open an app such as <a href="https://bsky.app">Bluesky</a> and sign in with your handle and password. Where it
asks for a hosting provider, choose “Custom” and enter:</p>
<code class="secret">${config.publicUrl}</code>
${joining(config.registration)}
<p class="quiet">Your account is elsewhere? <a href="${MIGRATE}">Move it here</a>.</p>
</section>
<section>
<h2>Your account</h2>
<p>Security, apps, devices, email address, handle, identity, and a copy of your data:</p>
<p><a class="button" href="${SETTINGS}">Your account</a></p>
</section>
<section>
<h2>This host</h2>
<p><a href="/status">Status</a>: whether the network hears what is published here.</p>
${links(config)}
</section>`,
  })

const nameAndHost = ({ branding: { name }, hostname }: Config): string =>
  name === hostname ? hostname : `${name} (${hostname})`

const joining = (registration: Config['registration']): Html => {
  if (registration === 'open') return html`<p>New here? Choose “Create account” in the app.</p>`
  if (registration === 'approval') {
    return html`<p>New here? Choose “Create account” in the app. The operator of this host looks at each new account before
it opens.</p>`
  }
  return registration === 'invite'
    ? html`<p class="quiet">New accounts need an invite code from a member.</p>`
    : html`<p class="quiet">New accounts are made by the operator of this host.</p>`
}

const links = ({ contactEmail }: Config): Html => html`
${contactEmail ? html`<p>Contact: <a href="mailto:${contactEmail}">${contactEmail}</a></p>` : ''}`
