/** The OAuth server's pages as people use them: in a browser, coming from an app that runs in the browser. */
import { Secret, TOTP } from 'otpauth'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { makeAccounts, operatorOf } from '../support/accounts.ts'
import { type BrowserApp, startBrowserApp } from '../support/browser-app.ts'
import { addAuthenticator, keepLooks, lacksChromium, startChromium } from '../support/chromium.ts'
import { publicOrigin } from '../support/oauth.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

// Pages take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

describe.skipIf(lacksChromium())('in a browser', () => {
  let plc: TestPlc
  let server: TestServer
  let app: BrowserApp
  let browser: Browser
  let context: BrowserContext
  let page: Page
  let origin: string
  let handle: string
  let did: string
  /** Where pages of the host ask for something. */
  let hosts: Set<string>

  beforeAll(async () => {
    plc = await startPlc()
    server = await startServer({ env: { PDS_DID_PLC_URL: plc.url, PDS_REGISTRATION: 'invite' } })
    origin = publicOrigin(server.origin)
    app = await startBrowserApp(origin, plc.url)
    browser = await startChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await app?.stop()
    await server?.stop()
    await plc?.stop()
  })
  beforeEach(async () => {
    const [account] = await makeAccounts(server, 1, 'did:plc')
    handle = account?.handle ?? ''
    did = account?.did ?? ''
    context = await browser.newContext()
    page = await context.newPage()
    hosts = new Set()
    context.on('request', (request) => {
      if (request.isNavigationRequest() || !request.url().startsWith('http')) return
      const { origin: from } = new URL(request.frame().url())
      if (from === origin) hosts.add(new URL(request.url()).origin)
    })
    await addAuthenticator(context, page)
    return async () => {
      await context.close()
      expect([...hosts]).toEqual([origin])
    }
  })

  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
  const heading = (name: string) => page.getByRole('heading', { name }).waitFor()
  const answer = async () => {
    const said = page.locator('#answer:not(:empty)')
    await said.waitFor()
    return said.textContent()
  }

  /** From the app to the first of the provider's pages. */
  async function leaveApp() {
    await page.goto(app.origin)
    await page.getByText('signed out').waitFor()
    await press('Sign in')
    await page.waitForURL(`${origin}/oauth/authorize**`)
  }

  async function typePassword(password = `password of ${handle}`) {
    await page.locator('input[name=username]').fill(handle)
    await page.locator('input[name=password]').fill(password)
    await press('Sign in')
  }

  /** To the page that asks whether the app may. */
  async function signIn() {
    await leaveApp()
    await press('Sign in')
    await typePassword()
    await page.getByRole('button', { name: 'Authorize' }).waitFor()
  }

  /** Signs in at the host's own page, and makes something there. */
  async function openSettings() {
    await page.goto(`${origin}/settings`)
    await page.getByLabel('Handle or email address').fill(handle)
    await page.getByLabel('Password').fill(`password of ${handle}`)
    await press('Sign in with the password')
    await heading('Your account')
    await page.goto(`${origin}/settings/security`)
  }

  const backInApp = () => page.getByText(`signed in as ${did}`).waitFor()

  test('somebody signs in with a password and allows an app, which reads, writes, renews its token and leaves', async () => {
    await leaveApp()
    await page.getByRole('button', { name: 'Create a new account' }).waitFor()
    await keepLooks(page, 'oauth-welcome')
    await press('Sign in')
    await page.locator('input[name=username]').waitFor()
    await keepLooks(page, 'oauth-sign-in')
    await typePassword('wrong')
    await page
      .getByText(/wrong|incorrect|invalid/i)
      .first()
      .waitFor()
    await typePassword()
    await page.getByRole('button', { name: 'Authorize' }).waitFor()
    await keepLooks(page, 'oauth-consent')
    expect(await page.getByText('Use a passkey').isVisible()).toBe(false)
    await press('Authorize')
    await backInApp()
    await press('Who am I')
    expect(await answer()).toContain(`200 {"did":"${did}"`)
    await press('Write')
    expect(await answer()).toMatch(/^200 /)
    await press('Renew')
    expect(await answer()).toBe('renewed')
    await press('Who am I')
    expect(await answer()).toContain('200 ')
    await press('Leave')
    expect(await answer()).toBe('out')
  })

  test('an app that is refused learns that, and no more', async () => {
    await signIn()
    await press('Deny access')
    await page.getByText('refused: access_denied').waitFor()
  })

  test('somebody signs in with a passkey and allows an app', async () => {
    await openSettings()
    await page.getByLabel('Name of a new passkey').fill('phone')
    await press('Add a passkey')
    await page.getByText('The passkey was added.').waitFor()
    await press('Sign out')
    await leaveApp()
    await press('Sign in')
    await page.getByRole('link', { name: 'Use a passkey' }).click()
    await keepLooks(page, 'oauth-app-sign-in')
    const before = await deviceCookies()
    await press('Sign in with a passkey')
    await page.waitForURL(`${origin}/oauth/authorize**`)
    const after = await deviceCookies()
    expect(after['dev-id']).toBe(before['dev-id'])
    expect(after['ses-id']).not.toBe(before['ses-id'])
    await keepLooks(page, 'oauth-choose')
    await page.getByText(handle).first().click()
    await press('Authorize')
    await backInApp()
    await press('Leave')
    // Who is signed in on these pages is on the host's own, and leaves both at once.
    await page.goto(`${origin}/settings`)
    await heading('Your account')
    await press('Sign out')
    await heading('Sign in')
    await page.goto(`${origin}/account`)
    await page.getByRole('button', { name: 'Sign in' }).first().waitFor()
    expect(await page.getByText(handle).count()).toBe(0)
  })

  test('whoever stays signed in on the pages of the host is on those of the provider, and leaves both at once', async () => {
    await page.goto(`${origin}/settings`)
    await page.getByLabel('Handle or email address').fill(handle)
    await page.getByLabel('Password').fill(`password of ${handle}`)
    await page.getByLabel('Stay signed in').check()
    await press('Sign in with the password')
    await heading('Your account')
    await page.goto(`${origin}/account`)
    await page.getByText(handle).first().waitFor()
    await page.getByRole('button', { name: 'Account selector' }).click()
    await page.getByText('Sign out', { exact: true }).first().click()
    await page.getByText(handle).first().waitFor({ state: 'detached' })
    await page.goto(`${origin}/settings`)
    await heading('Sign in')
  })

  test('whoever does not want to stay is led from the page of the provider to that of the host', async () => {
    await openSettings()
    await page.goto(`${origin}/account`)
    await page.waitForURL(`${origin}/settings`)
    await heading('Your account')
  })

  const deviceCookies = async (): Promise<Record<string, string>> =>
    Object.fromEntries((await context.cookies(origin)).map(({ name, value }) => [name, value]))

  test('an authenticator app is asked for, and its code signs in', async () => {
    await openSettings()
    await press('Set up an authenticator app')
    const secret = ((await page.locator('code.secret').textContent()) ?? '').replace(/\s/g, '')
    const totp = new TOTP({ secret: Secret.fromBase32(secret) })
    await page.getByLabel('The code that the app shows now').fill(totp.generate())
    await press('Switch on')
    await heading('Your recovery codes')
    const [recovery = ''] = await page.locator('.codes li').allInnerTexts()
    await leaveApp()
    await press('Sign in')
    await typePassword()
    await page.locator('input[name=otp]').waitFor()
    await keepLooks(page, 'oauth-second-factor')
    await page.getByRole('link', { name: 'authenticator app' }).click()
    await page.getByLabel('Handle or email address').fill(handle)
    await page.getByLabel('Password').fill(`password of ${handle}`)
    await press('Sign in with password and code')
    await page.getByText('Enter the code of your authenticator app').waitFor()
    await page.getByLabel('Password').fill(`password of ${handle}`)
    await page.getByLabel('Code of your').fill(totp.generate({ timestamp: Date.now() + 30_000 }))
    await press('Sign in with password and code')
    await page.waitForURL(`${origin}/oauth/authorize**`)
    await page.getByText(handle).first().click()
    await press('Authorize')
    await backInApp()
    // In another browser, with what the provider's own field takes.
    const other = await browser.newContext()
    page = await other.newPage()
    await leaveApp()
    await press('Sign in')
    await typePassword()
    await page.locator('input[name=otp]').fill('aaaaa-aaaaa')
    await press('Confirm')
    await page
      .getByRole('alert')
      .or(page.getByText(/invalid|wrong/i))
      .first()
      .waitFor()
    await keepLooks(page, 'oauth-wrong-code')
    await page.locator('input[name=otp]').fill(recovery)
    await press('Confirm')
    await press('Authorize')
    await backInApp()
    await other.close()
  })

  test('an app is listed on the account page, and is signed out there', async () => {
    await leaveApp()
    await press('Sign in')
    await page.getByText('Remember this account').click()
    await typePassword()
    await press('Authorize')
    await backInApp()
    const account = await context.newPage()
    await account.goto(`${origin}/account`)
    await account.getByText(handle).first().waitFor()
    await keepLooks(account, 'oauth-account')
    await account.goto(`${origin}/account/u/${did}/apps`)
    await account.getByRole('button', { name: 'Details' }).first().waitFor()
    await keepLooks(account, 'oauth-apps')
    await account.getByRole('button', { name: 'Details' }).first().click()
    await account.getByRole('dialog').waitFor()
    await keepLooks(account, 'oauth-app')
    await press('Who am I')
    expect(await answer()).toMatch(/^200 /)
    await account.getByRole('button', { name: 'Revoke access' }).click()
    await account.getByRole('button', { name: 'Details' }).waitFor({ state: 'detached' })
    await press('Who am I')
    expect(await answer()).toMatch(/^(401|failed)/)
  })

  test('somebody signs up with an invite', async () => {
    const response = await fetch(`${server.origin}/xrpc/com.atproto.server.createInviteCode`, {
      method: 'POST',
      headers: { authorization: operatorOf(server), 'content-type': 'application/json' },
      body: JSON.stringify({ useCount: 1 }),
    })
    const { code } = (await response.json()) as { code: string }
    await leaveApp()
    await press('Create a new account')
    await page.locator('input[name=handle]').fill('invited')
    await keepLooks(page, 'oauth-sign-up-handle')
    await press('Next')
    await page.locator('input[name=email]').waitFor()
    await keepLooks(page, 'oauth-sign-up')
    await page.getByLabel('Invite code').fill(code)
    await page.locator('input[name=email]').fill('invited@example.com')
    await page.locator('input[name=password]').fill('a long and winding password')
    await press('Sign up')
    await press('Authorize')
    await page.getByText('signed in as did:plc:').waitFor()
    await press('Who am I')
    expect(await answer()).toContain('"handle":"invited.test"')
  })

  test('the pages may not be framed, and say so', async () => {
    for (const path of ['/account', '/oauth/authorize', '/settings/sign-in/app']) {
      const { headers } = await fetch(`${server.origin}${path}`, {
        headers: {
          'sec-fetch-mode': 'navigate',
          'sec-fetch-dest': 'document',
          'sec-fetch-site': 'none',
        },
      })
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    }
    for (const path of ['/account', '/settings/sign-in/app']) {
      await page.goto(app.origin)
      const refused = page.waitForEvent(
        'requestfailed',
        (request) => request.url() === `${origin}${path}`,
      )
      await page.evaluate((src) => {
        const frame = document.createElement('iframe')
        frame.src = src
        document.body.append(frame)
      }, `${origin}${path}`)
      expect((await refused).failure()?.errorText).toBe('net::ERR_BLOCKED_BY_RESPONSE')
    }
    hosts.add(origin)
  })
})
