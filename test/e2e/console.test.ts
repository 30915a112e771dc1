/** The console of the operators, in a browser: as an operator, as a person and as a stranger. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { makeAccounts } from '../support/accounts.ts'
import { addAuthenticator, chromiumPath, keepLooks, startChromium } from '../support/chromium.ts'
import { giveRole, makeOperator, type TestOperator } from '../support/operator.ts'
import { startServer, type TestServer } from '../support/server.ts'

// Pages take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const HAS_BROWSER = chromiumPath() !== undefined
if (!HAS_BROWSER) {
  console.warn('skipped: no Chromium. apt-get install chromium, or set CHROMIUM to its path')
}

describe.skipIf(!HAS_BROWSER)('in a browser', () => {
  let server: TestServer
  let browser: Browser
  let context: BrowserContext
  let page: Page
  let origin: string
  let operator: TestOperator
  let complaints: string[]

  beforeAll(async () => {
    server = await startServer()
    // The name that passkeys are bound to.
    origin = server.origin.replace('127.0.0.1', 'localhost')
    operator = await makeOperator(server)
    browser = await startChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  })
  beforeEach(async () => {
    context = await browser.newContext()
    page = await context.newPage()
    complaints = []
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    await addAuthenticator(context, page)
    return () => context.close()
  })

  const heading = (name: string) => page.getByRole('heading', { name, exact: true }).waitFor()
  const said = (text: string) => page.getByText(text).waitFor()
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()

  async function enterPassword(handle: string) {
    await page.getByLabel('Handle or email address').fill(handle)
    await page.getByLabel('Password').fill(`password of ${handle}`)
    await press('Sign in with the password')
  }

  /** Signs in on the page that asks for it, with a recovery code, which are many. */
  async function enterOperator() {
    await enterPassword(operator.handle)
    await heading('Second step')
    await page.getByLabel('Code').fill(operator.recovery.pop() ?? '')
    await press('Sign in')
  }

  test('a stranger is asked to sign in, whatever there is', async () => {
    for (const path of ['/admin', '/admin/accounts', '/admin/nothing-here']) {
      await page.goto(origin + path)
      await heading('Sign in')
      expect(await page.content()).not.toMatch(/operator|console|admin</i)
    }
    await keepLooks(page, 'admin-stranger')
    expect(complaints).toEqual([])
  })

  test('a person finds nothing there', async () => {
    const [person] = await makeAccounts(server, 1)
    await page.goto(`${origin}/admin/accounts`)
    await enterPassword(person?.handle ?? '')
    await said('There is nothing here.')
    for (const path of [
      '/admin',
      '/admin/accounts',
      '/admin/nothing-here',
      '/admin/audit/export',
    ]) {
      const response = await page.goto(origin + path)
      expect(response?.status()).toBe(404)
      expect(await response?.text()).toBe('There is nothing here.')
    }
  })

  test('an operator signs in with a code, and finds what they did in the log', async () => {
    await page.goto(`${origin}/admin/audit`)
    await enterOperator()
    await heading('Audit')
    await said('console.setRole')
    await keepLooks(page, 'admin-audit')
    await page.getByRole('link', { name: 'Accounts', exact: true }).click()
    await heading('Accounts')
    await page.getByLabel('Handle, email address or DID begins with').fill(operator.handle)
    await press('Search')
    await page.getByRole('link', { name: `@${operator.handle}` }).waitFor()
    await keepLooks(page, 'admin-accounts')
    expect(complaints).toEqual([])
    await press('Sign out')
    await heading('Sign in')
  })

  test('a session that has only a password is asked for more', async () => {
    const [account] = await makeAccounts(server, 1)
    const handle = account?.handle ?? ''
    const refused = await giveRole(server, handle, 'operator')
    expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('neither a passkey') })
    await page.goto(`${origin}/settings`)
    await enterPassword(handle)
    await heading('Your account')
    await page.goto(`${origin}/settings/security`)
    await page.getByLabel('Name of a new passkey').fill('key')
    await press('Add a passkey')
    await said('The passkey was added.')
    expect(await giveRole(server, handle, 'operator')).toMatchObject({ code: 0 })
    await page.goto(`${origin}/admin/accounts`)
    await heading('Show that it is you')
    await keepLooks(page, 'admin-factor')
    // A password does not become a passkey of an operator's.
    await page.goto(`${origin}/settings/security`)
    await page.getByLabel('Name of a new passkey').fill('of a thief')
    await press('Add a passkey')
    await said('This account may operate the host')
    await page.goto(`${origin}/admin/accounts`)
    await press('Use a passkey')
    await heading('Accounts')
    await giveRole(server, handle, 'none')
    expect((await page.reload())?.status()).toBe(404)
  })
})
