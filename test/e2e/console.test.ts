/** The console of the operators, in a browser: as an operator, as a person and as a stranger. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type MadeAccount, makeAccounts, operatorOf } from '../support/accounts.ts'
import { findFaults } from '../support/axe.ts'
import { SettingsSession } from '../support/browser-session.ts'
import {
  addAuthenticator,
  complaintsOf,
  keepLooks,
  lacksChromium,
  startChromium,
} from '../support/chromium.ts'
import { giveRole, makeOperator, type TestOperator } from '../support/operator.ts'
import { startServer, type TestServer } from '../support/server.ts'

// Pages take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

describe.skipIf(lacksChromium())('in a browser', () => {
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
    complaints = complaintsOf(page)
    await addAuthenticator(context, page)
    return () => context.close()
  })

  const heading = (name: string) => page.getByRole('heading', { name, exact: true }).waitFor()
  const said = (text: string) => page.getByText(text).waitFor()
  const noticed = (text: string) => page.getByRole('status').getByText(text).waitFor()
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
    expect(await findFaults(page)).toEqual([])
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
    expect(await findFaults(page)).toEqual([])
    await page.getByRole('link', { name: 'Accounts', exact: true }).click()
    await heading('Accounts')
    await page.getByLabel('Handle, email address or DID begins with').fill(operator.handle)
    await press('Search')
    await page.getByRole('link', { name: `@${operator.handle}` }).waitFor()
    await keepLooks(page, 'admin-accounts')
    expect(await findFaults(page)).toEqual([])
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
    expect(await findFaults(page)).toEqual([])
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

  async function person(): Promise<MadeAccount & { password: string; session: SettingsSession }> {
    const [account] = await makeAccounts(server, 1)
    if (!account) throw new Error('no account')
    const password = `password of ${account.handle}`
    const session = await SettingsSession.open(server.origin, account.handle, password)
    return { ...account, password, session }
  }

  /** Opens the page of an account, as an operator. */
  async function openAccount(did: string, handle: string) {
    await page.goto(`${origin}/admin/accounts/${encodeURIComponent(did)}`)
    if ((await page.title()).startsWith('Sign in')) await enterOperator()
    await heading(`@${handle}`)
  }

  /** Opens what is behind a title, types the handle where it is asked for, and does it. */
  async function act(title: string, handle: string, fields: Record<string, string> = {}) {
    const action = page.locator('details.action', { has: page.getByText(title, { exact: true }) })
    await action.locator('summary').click()
    for (const [label, value] of Object.entries(fields)) {
      await action.getByLabel(label).fill(value)
    }
    const confirm = action.locator('input[name=confirm]')
    if ((await confirm.count()) > 0) await confirm.fill(handle)
    await action.getByRole('button', { name: title, exact: true }).click()
  }

  const status = async ({ accessJwt }: MadeAccount) => {
    const headers = { authorization: `Bearer ${accessJwt}` }
    const answer = await fetch(`${server.origin}/xrpc/com.atproto.server.getSession`, { headers })
    return answer.status
  }

  test('the page of an account shows it, and takes it down and gives it back', async () => {
    const { did, handle, session } = await person()
    await session.setUpTotp()
    await openAccount(did, handle)
    await said('The DID document says what this host says.')
    await said('by the main password')
    await keepLooks(page, 'admin-account')
    expect(await findFaults(page)).toEqual([])
    // The handle of another one confirms nothing.
    await act('Take down', 'alice.test', { 'Reason, or reference of the case': 'case <b>7</b>' })
    await heading('That did not work')
    await page.getByRole('link', { name: 'Back' }).click()
    await act('Take down', handle, { 'Reason, or reference of the case': 'case <b>7</b>' })
    await noticed('The account is taken down.')
    await page.getByText('case <b>7</b>', { exact: true }).waitFor()
    // The list is told of it after the answer.
    await vi.waitFor(
      async () => {
        await page.goto(`${origin}/admin/accounts?show=takendown`)
        expect(await page.getByRole('link', { name: `@${handle}` }).count()).toBe(1)
      },
      { interval: 200 },
    )
    await openAccount(did, handle)
    await act('Give back', handle)
    await noticed('The account is given back.')
    await said('console.accounts.restore')
    expect(complaints.filter((text) => !text.includes('400'))).toEqual([])
  })

  test('sessions end, factors go, a link sets a new password', async () => {
    const someone = await person()
    const { did, handle, session } = someone
    await session.setUpTotp()
    await openAccount(did, handle)
    expect(await status(someone)).toBe(200)
    await act('End all sessions', handle)
    await noticed('All apps and browsers are signed out.')
    expect(await status(someone)).toBe(400)
    await act('Reset second factors', handle)
    await noticed('Passkeys and second factors are gone.')
    await act('Make a link for a new password', handle)
    await heading('A link for a new password')
    await keepLooks(page, 'admin-reset-link')
    expect(await findFaults(page)).toEqual([])
    const link = (await page.locator('.once .secret').textContent()) ?? ''
    // Not to be looked up again, and in no log.
    await page.goto(`${origin}/admin/audit`)
    expect(await page.content()).not.toContain(link.split('#')[1])
    const owner = await browser.newContext()
    const theirs = await owner.newPage()
    await theirs.goto(link.replace(/^https?:..[^/]+/, origin))
    await theirs.getByRole('heading', { name: 'Set a new password' }).waitFor()
    expect(theirs.url()).not.toContain('#')
    await keepLooks(theirs, 'new-password')
    expect(await findFaults(theirs)).toEqual([])
    await theirs.getByLabel('New password').fill('a password of mine')
    await theirs.getByRole('button', { name: 'Set the password' }).click()
    await theirs.getByText('The new password is set').waitFor()
    await owner.close()
    await SettingsSession.open(server.origin, handle, 'a password of mine')
  })

  test('handle, address and key are changed; an account is switched off and deleted', async () => {
    const { did, handle } = await person()
    await openAccount(did, handle)
    const renamed = `new-${handle}`
    await act('Change the handle', handle, { 'New handle': renamed })
    await noticed('The handle is changed.')
    await act('Change the email address', renamed, { 'New address': `${renamed}@example.com` })
    await noticed('The email address is changed')
    await page.goto(`${origin}/admin/accounts?show=unconfirmed&q=${renamed}`)
    await page.getByRole('link', { name: `@${renamed}` }).click()
    await act('Confirm the email address', renamed)
    await noticed('The email address counts as confirmed.')
    await act('Change the limits', renamed, { Records: '5', 'Bytes of blobs': '1000000' })
    await noticed('The limits of the account are changed.')
    await page.getByText('0 of 5').waitFor()
    const key = await page.locator('dt:text-is("Signing key here") + dd').textContent()
    await act('Rotate the signing key', renamed)
    await noticed('The account has a fresh signing key.')
    const fresh = await page.locator('dt:text-is("Signing key here") + dd').textContent()
    expect(fresh).toMatch(/^did:key:/)
    expect(fresh).not.toBe(key)
    await act('Publish the identity again', renamed)
    await noticed('The network was told')
    await act('Deactivate', renamed)
    await noticed('The account is deactivated.')
    const info = await fetch(`${server.origin}/xrpc/com.atproto.admin.getAccountInfo?did=${did}`, {
      headers: { authorization: operatorOf(server) },
    })
    expect(await info.json()).toMatchObject({ deactivatedAt: expect.stringMatching(/^20/) })
    await act('Activate', renamed)
    await noticed('The account is active again.')
    await act('Delete the account', renamed)
    await noticed('The account is deleted.')
    await page.goto(`${origin}/admin/accounts/${encodeURIComponent(did)}`)
    await heading('No such account')
    await page.goto(`${origin}/admin/audit?subject=${did}`)
    await said('console.accounts.delete')
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: 'All of these as JSON lines' }).click()
    const file = await (await download).createReadStream()
    const lines: string[] = (await file.toArray()).join('').trim().split('\n')
    const actions = lines.map((line) => (JSON.parse(line) as { action: string }).action)
    expect(actions[0]).toBe('console.accounts.delete')
    expect(actions).toContain('console.accounts.rotate-key')
  })

  test('invite codes are made, lead to signing up, and are disabled', async () => {
    await page.goto(`${origin}/admin/invites`)
    await enterOperator()
    await heading('Invites')
    await page.getByLabel('How many').fill('3')
    await page.getByLabel('Uses of each').fill('2')
    await press('Make codes')
    await heading('New invite codes')
    const links = await page.locator('.once a').allInnerTexts()
    expect(links).toHaveLength(3)
    await keepLooks(page, 'admin-new-invites')
    expect(await findFaults(page)).toEqual([])
    const [first = ''] = links
    await page.goto(first.replace(/^https?:..[^/]+/, origin))
    await heading('You are invited')
    await said(new URL(first).searchParams.get('code') ?? 'no code')
    await keepLooks(page, 'invited')
    expect(await findFaults(page)).toEqual([])
    await page.goto(`${origin}/admin/invites`)
    await keepLooks(page, 'admin-invites')
    expect(await findFaults(page)).toEqual([])
    await page
      .getByRole('button', { name: /^Disable / })
      .first()
      .click()
    await noticed('The code is disabled.')
    expect(await page.getByText('disabled', { exact: true }).count()).toBe(1)
  })

  test('what another site makes a browser send is refused', async () => {
    const { did, handle } = await person()
    await openAccount(did, handle)
    const form = await page.locator('input[name=form]').first().inputValue()
    const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ')
    const post = (headers: Record<string, string>, fields: Record<string, string>) =>
      fetch(`${server.origin}/admin/accounts/${encodeURIComponent(did)}/announce`, {
        method: 'POST',
        redirect: 'manual',
        headers: { cookie, ...headers },
        body: new URLSearchParams(fields),
      })
    const own = { 'sec-fetch-site': 'same-origin' }
    expect((await post(own, { form })).status).toBe(303)
    expect((await post({ 'sec-fetch-site': 'cross-site' }, { form })).status).toBe(403)
    expect((await post({ origin: 'https://evil.example' }, { form })).status).toBe(403)
    expect((await post(own, { form: 'made up' })).status).toBe(403)
    expect((await post(own, {})).status).toBe(403)
  })

  test('nothing sticks out on a small screen, and everything works without scripts', async () => {
    const { did, handle } = await person()
    const plain = await browser.newContext({
      javaScriptEnabled: false,
      viewport: { width: 320, height: 640 },
    })
    page = await plain.newPage()
    const overflow = () =>
      page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
    await openAccount(did, handle)
    expect(await overflow()).toBeLessThanOrEqual(0)
    await act('End all sessions', handle)
    await noticed('All apps and browsers are signed out.')
    for (const path of ['accounts', 'invites', 'audit']) {
      await page.goto(`${origin}/admin/${path}`)
      expect([path, await overflow()]).toEqual([path, 0])
    }
    await plain.close()
  })

  test('the pages for everybody have no serious fault either', async () => {
    await page.goto(`${origin}/settings`)
    expect(await findFaults(page)).toEqual([])
    const { handle } = await person()
    await enterPassword(handle)
    await page.getByRole('button', { name: 'Sign out' }).waitFor()
    const own = page.getByRole('navigation', { name: 'Your account' }).getByRole('link')
    const pages = await Promise.all((await own.all()).map((link) => link.getAttribute('href')))
    expect(pages.length).toBeGreaterThan(5)
    for (const path of [...pages, '/', '/status']) {
      await page.goto(origin + path)
      expect([path, await findFaults(page)]).toEqual([path, []])
    }
    // And what looks for them finds some, where no policy forbids the style.
    await page.goto('about:blank')
    await page.setContent('<title>x</title><input><p style="color:#bbb;background:#fff">pale</p>')
    const faults = (await findFaults(page)).join()
    for (const rule of ['color-contrast', 'label']) expect(faults).toContain(rule)
  })
})
