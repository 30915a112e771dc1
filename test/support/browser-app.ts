/** A small app in the browser, with the official client library: what somebody signs in to. */
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { freePort } from './server.ts'

export interface BrowserApp {
  /** Where the app is. */
  origin: string
  stop(): Promise<void>
}

const SCOPE = 'atproto transition:generic'

/**
 * Serves the app.
 *
 * @param user who signs in: where they live, or their handle
 * @param handleResolver a PDS that is asked for handles
 */
export async function startBrowserApp(
  user: string,
  plcUrl: string,
  handleResolver = plcUrl,
): Promise<BrowserApp> {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const settings = { user, plcUrl, handleResolver, redirect: `${origin}/`, scope: SCOPE }
  const bundle = await build({
    stdin: {
      contents: script(settings),
      resolveDir: fileURLToPath(new URL('../..', import.meta.url)),
    },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
  })
  const code = bundle.outputFiles[0]?.text ?? ''
  const server = createServer((request, response) => {
    const isScript = request.url === '/app.js'
    const type = isScript ? 'text/javascript' : 'text/html'
    response.setHeader('content-type', `${type}; charset=utf-8`).end(isScript ? code : PAGE)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    origin,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const PAGE = `<!doctype html><html lang="en"><title>An app</title><link rel="icon" href="data:,">
<p id="status">starting</p>
<button id="sign-in">Sign in</button><button id="who">Who am I</button><button id="write">Write</button>
<button id="renew">Renew</button><button id="leave">Leave</button>
<p id="answer"></p><script type="module" src="/app.js"></script>`

const script = ({ user, plcUrl, handleResolver, redirect, scope }: Record<string, string>) => `
import { BrowserOAuthClient } from '@atproto/oauth-client-browser'
const say = (id, text) => { document.getElementById(id).textContent = text }
const on = (id, work) => document.getElementById(id).addEventListener('click', () => {
  say('answer', '')
  work().then((text) => say('answer', text), (error) => say('answer', 'failed: ' + error.message))
})
const [redirect, scope] = ${JSON.stringify([redirect, scope])}
const client = new BrowserOAuthClient({
  clientMetadata: {
    client_id: 'http://localhost?' + new URLSearchParams({ redirect_uri: redirect, scope }),
    redirect_uris: [redirect],
    scope,
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
    dpop_bound_access_tokens: true,
  },
  handleResolver: ${JSON.stringify(handleResolver)},
  plcDirectoryUrl: ${JSON.stringify(plcUrl)},
  allowHttp: true,
})
let session
on('sign-in', () => client.signIn(${JSON.stringify(user)}))
const call = async (path, init) => {
  const response = await session.fetchHandler(path, init)
  return response.status + ' ' + await response.text()
}
on('who', () => call('/xrpc/com.atproto.server.getSession'))
on('write', () => call('/xrpc/com.atproto.repo.createRecord', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ repo: session.did, collection: 'com.example.note', record: { text: 'hello' } }),
}))
on('renew', async () => {
  const before = await session.getTokenInfo(false)
  const after = await session.getTokenInfo(true)
  return after.expiresAt > before.expiresAt ? 'renewed' : 'as it was'
})
on('leave', async () => {
  await session.signOut()
  return session.fetchHandler('/xrpc/com.atproto.server.getSession').then(() => 'still in', () => 'out')
})
try {
  session = (await client.init())?.session
  say('status', session ? 'signed in as ' + session.did : 'signed out')
} catch (error) {
  say('status', 'refused: ' + (error.params?.get('error') ?? error.message))
}
`
