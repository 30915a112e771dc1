/** The provider's own pages in a real browser: they load under their policy, and lead an app to its code. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AtpAgent } from '@atproto/api'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumPath, startChromium } from '../support/chromium.ts'
import { makeApp, publicOrigin, type User } from '../support/oauth.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

const HAS_BROWSER = chromiumPath() !== undefined
if (!HAS_BROWSER) {
  console.warn('skipped: no Chromium. apt-get install chromium, or set CHROMIUM to its path')
}

/** An app that runs in the browser, with the official client library. */
const APP = `
import { BrowserOAuthClient } from '@atproto/oauth-client-browser'

const scope = 'atproto transition:generic'
const redirect = location.origin + '/'
const makeClient = ({ plcDirectoryUrl }) => new BrowserOAuthClient({
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
  allowHttp: true,
  plcDirectoryUrl,
  handleResolver: plcDirectoryUrl,
})
const whoAmI = async (session) => {
  const response = await session.fetchHandler('/xrpc/com.atproto.server.getSession')
  return (await response.json()).did
}
window.begin = async (options) => String(await makeClient(options).authorize(options.issuer, { scope }))
window.complete = async (options) => {
  const { session } = await makeClient(options).init()
  const before = await whoAmI(session)
  await session.getTokenInfo(true)
  const after = await whoAmI(session)
  await session.signOut()
  const over = await whoAmI(session).then(() => false, () => true)
  return { did: session.did, before, after, over }
}
`

declare global {
  interface Window {
    begin(options: object): Promise<string>
    complete(options: object): Promise<object>
  }
}

/** A real address: from one that is not, browsers may not ask servers on this machine. */
async function serveApp(script: string): Promise<{ url: string; stop(): void }> {
  const server = createServer(({ url }, response) => {
    const isScript = url === '/app.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(
      isScript ? script : '<!doctype html><title>App</title><script src="/app.js"></script>',
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/`, stop: () => server.close() }
}

async function signUp(service: string, handle: string): Promise<User> {
  const agent = new AtpAgent({ service })
  const password = 'a long password'
  await agent.createAccount({ handle, email: `${handle}@example.com`, password })
  return { did: agent.assertDid, identifier: handle, password }
}

/** Signs in on the page that is open, and allows what the app asks for. */
async function signIn(page: Page, { identifier, password }: User): Promise<void> {
  await page
    .getByText(/sign in/i)
    .first()
    .click()
  await page.locator('input[name="username"]').fill(identifier)
  await page.locator('input[type="password"]').fill(password)
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: /authorize|allow|accept/i }).click()
}

describe.runIf(HAS_BROWSER)('in a browser', () => {
  let plc: TestPlc
  let server: TestServer
  let browser: Browser

  beforeAll(async () => {
    plc = await startPlc()
    server = await startServer({ env: { PDS_DID_PLC_URL: plc.url, PDS_REGISTRATION: 'open' } })
    browser = await startChromium()
  })
  afterAll(async () => {
    await browser.close()
    await server.stop()
    await plc.stop()
  })

  test('somebody signs in to an app with the keyboard, and nothing comes from other hosts', async () => {
    const issuer = publicOrigin(server.origin)
    const user = await signUp(server.origin, 'inbrowser.test')
    const scope = 'atproto transition:generic'
    const { client } = makeApp(plc.url, scope)
    const page = await browser.newPage()
    const problems: string[] = []
    const hosts = new Set<string>()
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text())
    })
    page.on('pageerror', (error) => problems.push(String(error)))
    page.on('request', (request) => hosts.add(new URL(request.url()).host))
    // The app itself is not there: what it is sent is all that counts.
    let answer: URL | undefined
    await page.route('http://127.0.0.1/**', (route) => {
      answer = new URL(route.request().url())
      return route.fulfill({ body: 'signed in' })
    })
    await page.goto(String(await client.authorize(issuer, { scope, state: 'state' })))
    await signIn(page, user)
    await page.getByText('signed in').waitFor()
    const { session } = await client.callback(answer?.searchParams ?? new URLSearchParams())
    expect(session.did).toBe(user.did)
    expect(problems).toEqual([])
    expect([...hosts].sort()).toEqual(['127.0.0.1', new URL(issuer).host].sort())
    await page.goto(`${issuer}/account`)
    await page.locator('#root > *').first().waitFor()
    expect(problems).toEqual([])
  }, 60_000)

  test('an app that runs in the browser signs in, calls, refreshes and signs out', async () => {
    const issuer = publicOrigin(server.origin)
    const user = await signUp(server.origin, 'spa.test')
    const { outputFiles } = await build({
      stdin: { contents: APP, resolveDir: import.meta.dirname },
      bundle: true,
      write: false,
      format: 'iife',
    })
    const page = await browser.newPage()
    const app = await serveApp(outputFiles[0]?.text ?? '')
    await page.goto(app.url)
    const options = { issuer, plcDirectoryUrl: plc.url }
    const url = await page.evaluate((given) => window.begin(given), options)
    await page.goto(url)
    await signIn(page, user)
    await page.waitForURL(`${app.url}**`)
    const result = await page.evaluate((given) => window.complete(given), options)
    expect(result).toEqual({ did: user.did, before: user.did, after: user.did, over: true })
    app.stop()
  }, 60_000)
})
