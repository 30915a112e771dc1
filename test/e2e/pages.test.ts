/** The pages as people use them: in a browser, with a passkey on their device. */
import { Secret, TOTP } from 'otpauth'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { makeAccounts, operatorOf } from '../support/accounts.ts'
import {
  addAuthenticator,
  complaintsOf,
  keepLooks,
  lacksChromium,
  startChromium,
} from '../support/chromium.ts'
import { startServer, type TestServer } from '../support/server.ts'

// Pages take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

describe.skipIf(lacksChromium())('in a browser', () => {
  let server: TestServer
  let browser: Browser
  let context: BrowserContext
  let page: Page
  let origin: string
  let handle: string
  let did: string
  /** What the browser complained of: nothing, or a page asks for what its policy forbids. */
  let complaints: string[]

  beforeAll(async () => {
    server = await startServer()
    // The name that passkeys are bound to.
    origin = server.origin.replace('127.0.0.1', 'localhost')
    browser = await startChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  })
  beforeEach(async () => {
    const [account] = await makeAccounts(server, 1)
    handle = account?.handle ?? ''
    did = account?.did ?? ''
    context = await browser.newContext()
    page = await context.newPage()
    complaints = complaintsOf(page)
    await addAuthenticator(context, page)
    return () => context.close()
  })

  async function signIn() {
    await page.goto(`${origin}/settings`)
    await page.getByLabel('Handle or email address').fill(handle)
    await page.getByLabel('Password').fill(`password of ${handle}`)
    await page.getByRole('button', { name: 'Sign in with the password' }).click()
  }

  const heading = (name: string) => page.getByRole('heading', { name }).waitFor()
  const said = (text: string) => page.getByText(text).waitFor()
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()

  /** Goes to an account page by the navigation. */
  async function open(name: string) {
    await page.getByRole('navigation').getByRole('link', { name, exact: true }).click()
    await page.getByRole('heading', { name, level: 1 }).waitFor()
  }

  /** Fits the width: nothing sticks out at the side. */
  const overflow = () =>
    page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

  test('the first page says what this is and leads on', async () => {
    await page.goto(origin)
    await heading('A home for accounts')
    await keepLooks(page, 'landing')
    await page.getByRole('link', { name: 'Your account' }).click()
    await heading('Sign in')
    await keepLooks(page, 'sign-in')
    expect(complaints).toEqual([])
  })

  test('a passkey is added, signs in, is renamed and removed', async () => {
    await signIn()
    await heading('Your account')
    await open('Security')
    await page.getByLabel('Name of a new passkey').fill('<b>phone</b>')
    await press('Add a passkey')
    await said('The passkey was added.')
    await page.getByText('<b>phone</b>', { exact: true }).waitFor()
    await press('Sign out')
    await press('Sign in with a passkey')
    await heading('Your account')
    await open('Security')
    await said('last used')
    await page.getByText('Rename', { exact: true }).first().click()
    await page.getByLabel('New name').fill('old phone')
    await press('Rename')
    await said('The passkey was renamed.')
    await keepLooks(page, 'security')
    await press('Remove the passkey old phone')
    await said('The passkey was removed, and all other browsers and apps are signed out.')
    await press('Sign out')
    await press('Sign in with a passkey')
    await said('This passkey is not known here')
    // The browser tells of the refusal itself, and of nothing else.
    expect(complaints.filter((text) => !text.includes('401'))).toEqual([])
  })

  test('an authenticator app is set up, asked for, and a recovery code stands in for it', async () => {
    await signIn()
    await open('Security')
    await press('Set up an authenticator app')
    await heading('Set up an authenticator app')
    await keepLooks(page, 'totp')
    const secret = ((await page.locator('code.secret').textContent()) ?? '').replace(/\s/g, '')
    const totp = new TOTP({ secret: Secret.fromBase32(secret) })
    await page.getByLabel('The code that the app shows now').fill('12')
    await press('Switch on')
    await said('This is not the code')
    await page.getByLabel('The code that the app shows now').fill(totp.generate())
    await press('Switch on')
    await heading('Your recovery codes')
    await keepLooks(page, 'recovery-codes')
    const recovery = await page.locator('.codes li').allInnerTexts()
    expect(recovery).toHaveLength(10)
    await press('Sign out')
    await signIn()
    await heading('Second step')
    await keepLooks(page, 'second-step')
    await page.getByLabel('Code').fill('never-right')
    await press('Sign in')
    await said('This code is wrong')
    // The code of this step is used up; a host takes one that is a step ahead.
    await page.getByLabel('Code').fill(totp.generate({ timestamp: Date.now() + 30_000 }))
    await press('Sign in')
    await heading('Your account')
    await press('Sign out')
    await signIn()
    await page.getByLabel('Code').fill(recovery[0] ?? '')
    await press('Sign in')
    await open('Security')
    await said('9 left')
    await press('Switch off the authenticator app')
    await said('The authenticator app is off.')
    await press('Sign out')
    await signIn()
    await heading('Your account')
  })

  test('an app password is made, works, and is revoked', async () => {
    await signIn()
    await open('Apps')
    await page.getByLabel('Name of the app').fill('my & app')
    await page.getByLabel('It may also read').check()
    await press('Make an app password')
    await heading('The password for my & app')
    await keepLooks(page, 'app-password')
    const password = (await page.locator('.once .secret').textContent()) ?? ''
    const trySession = async () => {
      const response = await fetch(`${origin}/xrpc/com.atproto.server.createSession`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ identifier: handle, password }),
      })
      return response.status
    }
    expect(await trySession()).toBe(200)
    await press('Revoke the app password my & app')
    await said('The app password was revoked.')
    expect(await trySession()).toBe(401)
    expect(complaints).toEqual([])
  })

  test('the repository is downloaded', async () => {
    await signIn()
    await open('Data')
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Repository (CAR)' }).click()
    expect((await download).suggestedFilename()).toBe(`${handle}.car`)
  })

  test('a link of the operator adds a passkey, once', async () => {
    const response = await fetch(`${origin}/settings/passkey/link`, {
      method: 'POST',
      headers: { authorization: operatorOf(server), 'content-type': 'application/json' },
      body: JSON.stringify({ account: handle }),
    })
    const { url } = (await response.json()) as { url: string }
    await page.goto(url)
    await heading('Add a passkey')
    await keepLooks(page, 'link')
    await press('Create the passkey')
    await said('The passkey was added.')
    await page.getByRole('link', { name: 'Sign in with it.' }).click()
    await press('Sign in with a passkey')
    await heading('Your account')
    await page.goto('about:blank')
    await page.goto(url)
    await press('Create the passkey')
    await said('This link was used already')
    expect(url).toContain(encodeURIComponent(did))
  })

  test('nothing sticks out on a small screen, and everything but passkeys works without scripts', async () => {
    const plain = await browser.newContext({
      javaScriptEnabled: false,
      viewport: { width: 320, height: 640 },
    })
    page = await plain.newPage()
    await page.goto(origin)
    expect(await overflow()).toBeLessThanOrEqual(0)
    await signIn()
    await heading('Your account')
    expect(await overflow()).toBeLessThanOrEqual(0)
    for (const name of ['Security', 'Devices', 'Email', 'Handle', 'Identity', 'Data', 'Apps']) {
      await open(name)
      expect(await overflow(), name).toBeLessThanOrEqual(0)
    }
    await page.getByLabel('Name of the app').fill('a'.repeat(100))
    await press('Make an app password')
    await heading('The password for')
    expect(await overflow()).toBeLessThanOrEqual(0)
    await open('Security')
    await press('Set up an authenticator app')
    await heading('Set up an authenticator app')
    expect(await overflow()).toBeLessThanOrEqual(0)
    await plain.close()
  })
})
