/** The provider's own pages in a real browser: they load under their policy, and lead an app to its code. */
import { AtpAgent } from '@atproto/api'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lacksChromium, startChromium } from '../support/chromium.ts'
import { makeApp, publicOrigin, type User } from '../support/oauth.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

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

describe.skipIf(lacksChromium())('in a browser', () => {
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
  })
})
