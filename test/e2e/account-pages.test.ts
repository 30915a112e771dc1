/** Each account page as its owner uses it, in a browser: what it shows, what it changes, and how it looks. */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Keypair, P256Keypair } from '@atproto/crypto'
import { base58btc } from 'multiformats/bases/base58'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { findFaults } from '../support/axe.ts'
import { SettingsSession } from '../support/browser-session.ts'
import {
  addAuthenticator,
  complaintsOf,
  keepLooks,
  lacksChromium,
  startChromium,
} from '../support/chromium.ts'
import { mailsTo, mailTo } from '../support/mail.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

vi.setConfig({ testTimeout: 120_000 })

const PASSWORD = 'a long password'

describe.skipIf(lacksChromium())('in a browser', () => {
  let server: TestServer
  let plc: TestPlc
  let browser: Browser
  let context: BrowserContext
  let page: Page
  let origin: string
  let handle: string
  let did: string
  let made = 0
  let complaints: string[]

  beforeAll(async () => {
    plc = await startPlc()
    server = await startServer({ env: environment() })
    // The name that passkeys are bound to.
    origin = server.origin.replace('127.0.0.1', 'localhost')
    browser = await startChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    await plc?.stop()
  })
  beforeEach(async () => {
    handle = `owner${made++}.test`
    const response = await fetch(`${server.origin}/xrpc/com.atproto.server.createAccount`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ handle, email: emailOf(handle), password: PASSWORD }),
    })
    did = ((await response.json()) as { did: string }).did
    context = await browser.newContext()
    page = await context.newPage()
    complaints = complaintsOf(page)
    return () => context.close()
  })

  const environment = () => ({ PDS_REGISTRATION: 'open', PDS_DID_PLC_URL: plc.url })
  const emailOf = (name: string) => `${name}@example.com`
  const heading = (name: string) => page.getByRole('heading', { name }).first().waitFor()
  const said = (text: string) => page.getByText(text).first().waitFor()
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()

  async function signIn({ password = PASSWORD, stay = false } = {}) {
    await page.goto(`${origin}/settings`)
    await page.getByLabel('Handle or email address').fill(handle)
    await page.getByLabel('Password').fill(password)
    if (stay) await page.getByLabel('Stay signed in').check()
    await press('Sign in with the password')
    await heading('Your account')
  }

  /** Keeps a picture of the page, on which axe-core finds nothing serious. */
  async function look(name: string) {
    await keepLooks(page, name)
    expect(await findFaults(page), name).toEqual([])
  }

  async function open(name: string) {
    await page.getByRole('navigation').getByRole('link', { name, exact: true }).click()
    await page.getByRole('heading', { name, level: 1 }).waitFor()
  }

  const code = async (about: RegExp, to = emailOf(handle)) =>
    (await mailTo(server.origin, to, about)).token

  test('the first page says who it is and what is worth a look', async () => {
    await signIn()
    await said('The email address is not confirmed.')
    await said('The password alone opens the account.')
    await look('account-overview')
    for (const name of ['Apps', 'Devices', 'Handle', 'Data']) {
      await open(name)
      await look(`account-${name.toLowerCase()}`)
    }
    expect(complaints).toEqual([])
  })

  test('an address is confirmed and changed, with codes that come by mail', async () => {
    await signIn()
    await open('Email')
    await look('account-email')
    await press('Mail me a code')
    await said('The code is on its way')
    await page.getByLabel('Code from the mail').fill('AAAAA-AAAAA')
    await press('Confirm')
    await said('This code is wrong')
    await page.getByLabel('Code from the mail').fill(await code(/confirm/i))
    await press('Confirm')
    await said('The address is confirmed.')
    await press('Mail me a code for the change')
    await page.getByLabel('Code from the mail to the old address').fill(await code(/change/i))
    await page.getByLabel('New address').fill(`new-${emailOf(handle)}`)
    await press('Change it')
    await said('The address was changed.')
    await page
      .getByLabel('Code from the mail')
      .fill(await code(/confirm/i, `new-${emailOf(handle)}`))
    await press('Confirm')
    await said('The address is confirmed.')
    expect(complaints.filter((text) => !text.includes('400'))).toEqual([])
  })

  test('a handle is taken, refused where it is somebody else’s, and kept where it is', async () => {
    await signIn()
    await open('Handle')
    await page.getByLabel('Name', { exact: true }).fill(`other${made}`)
    await press('Take this name')
    await said('You have a new handle.')
    await heading(`@other${made}.test`)
    await page.getByLabel('Name', { exact: true }).fill('alice')
    await press('Take this name')
    await said('Handle already taken')
    await page.getByRole('textbox', { name: 'Domain' }).fill('nobody.example.com')
    await press('Check it and use it')
    await page.getByRole('alert').waitFor()
    await heading(`@other${made}.test`)
  })

  test('a recovery key is made in the browser and placed above the key of the host', async () => {
    await signIn()
    await open('Identity')
    await said('The host alone rules')
    await said(`The identity began as @${handle}`)
    await press('Make a key in this browser')
    const secret = (await page.locator('[data-private-key]').textContent()) ?? ''
    await look('account-identity-key')
    const publicKey = await page.getByLabel('Public key').inputValue()
    expect((await keyOf(secret)).did()).toBe(publicKey)
    await page.getByLabel('I have kept the private key').check()
    await press('Add the recovery key')
    await said('The recovery key was added.')
    await said(`The rotation key ${publicKey} was added.`)
    expect(await page.getByText('The host alone rules').count()).toBe(0)
    expect(await page.content()).not.toContain(secret)
    await look('account-identity')
    const { rotationKeys } = await plcData(did)
    expect(rotationKeys[0]).toBe(publicKey)
    expect(rotationKeys).toHaveLength(2)
    // A second one goes below the first: it was there before, and may undo what comes after.
    const second = await P256Keypair.create()
    await page.getByLabel('Public key').fill(second.did())
    await page.getByLabel('I have kept the private key').check()
    await press('Add the recovery key')
    await said(`The rotation key ${second.did()} was added.`)
    expect((await plcData(did)).rotationKeys).toEqual([publicKey, second.did(), rotationKeys[1]])
    await page.getByLabel('Public key').fill('did:key:zNotAKey')
    await page.getByLabel('I have kept the private key').check()
    await press('Add the recovery key')
    await said('A recovery key is a did:key of a P-256 or secp256k1 public key')
    expect(complaints.filter((text) => !text.includes('400'))).toEqual([])
    await vi.waitFor(async () => {
      const told = await mailsTo(server.origin, emailOf(handle), /recovery key/i)
      expect(told).toHaveLength(2)
    })
  })

  test('a dangerous step takes a password or passkey that was shown within a quarter of an hour', async () => {
    await addAuthenticator(context, page)
    await signIn({ stay: true })
    await open('Security')
    await page.getByLabel('Name of a new passkey').fill('phone')
    await press('Add a passkey')
    await said('The passkey was added.')
    await ageSessions()
    await page.goto(`${origin}/settings/identity`)
    await heading('Identity')
    expect(await page.getByLabel('Public key').count()).toBe(0)
    await open('Apps')
    await page.getByLabel('Name of the app').fill('late')
    await press('Make an app password')
    await heading('Confirm that it is you')
    await look('account-confirm')
    await page.getByLabel('Password').fill('wrong')
    await press('Go on')
    await said('The password is wrong.')
    await page.getByLabel('Password').fill(PASSWORD)
    await press('Go on')
    await heading('Apps')
    await page.getByLabel('Name of the app').fill('in time')
    await press('Make an app password')
    await heading('The password for in time')
    await ageSessions()
    // Nor is it fresh when the session itself is over, and the provider's takes its place.
    await context.clearCookies({ name: 'session' })
    await page.goto(`${origin}/settings/data`)
    await heading('Data')
    await page.getByRole('link', { name: 'Confirm that it is you' }).click()
    await press('Use a passkey')
    await heading('Data')
    await page.getByLabel(`Type ${handle}`).waitFor()
  })

  test('a browser is listed and signed out from another one, on all pages at once', async () => {
    await signIn({ stay: true })
    const other = await browser.newContext()
    const there = await other.newPage()
    await there.goto(`${origin}/settings`)
    await there.getByLabel('Handle or email address').fill(handle)
    await there.getByLabel('Password').fill(PASSWORD)
    await there.getByRole('button', { name: 'Sign in with the password' }).click()
    await there.getByRole('heading', { name: 'Your account' }).waitFor()
    await open('Devices')
    await look('account-devices')
    expect(await page.getByRole('listitem').filter({ hasText: 'Chrome' }).count()).toBe(2)
    await page
      .getByRole('listitem')
      .filter({ hasText: 'not to be remembered' })
      .getByRole('button')
      .click()
    await said('It is signed out.')
    await there.reload()
    await there.getByRole('heading', { name: 'Sign in' }).waitFor()
    await other.close()
    await page.getByRole('listitem').filter({ hasText: 'this browser' }).getByRole('button').click()
    await heading('Sign in')
    await page.goto(`${origin}/account`)
    await page.getByRole('button', { name: 'Sign in' }).first().waitFor()
  })

  test('a password is changed, which signs out, and signs in then', async () => {
    await signIn()
    await open('Security')
    await look('account-security')
    await page.getByLabel('Password that you have now').fill('wrong')
    await page.getByLabel('New password').fill('another long password')
    await press('Change the password')
    await said('The password that you have now is another one.')
    await page.getByLabel('Password that you have now').fill(PASSWORD)
    await page.getByLabel('New password').fill('another long password')
    await press('Change the password')
    await said('The password was changed. Sign in with the new one.')
    await signIn({ password: 'another long password' })
  })

  test('an account is deactivated, activated again, and deleted for good', async () => {
    await signIn()
    await open('Data')
    await press('Deactivate the account')
    await said('The account is deactivated.')
    // Nobody reads the list of blobs of such an account: the archive has them.
    expect(await page.getByRole('link', { name: 'List of blobs' }).count()).toBe(0)
    await press('Activate the account')
    await said('The account is active again.')
    await press('Mail me a code for the deletion')
    await said('The code is on its way')
    await page.getByLabel('Code from the mail').fill(await code(/delet/i))
    await page.getByLabel(`Type ${handle}`).fill('somebody.else')
    await press('Delete the account for good')
    await said(`Type ${handle} to say`)
    await page.getByLabel('Code from the mail').fill('AAAAA-AAAAA')
    await page.getByLabel(`Type ${handle}`).fill(handle)
    await press('Delete the account for good')
    await said('This code is wrong')
    await page.getByLabel('Code from the mail').fill(await code(/delet/i))
    await page.getByLabel(`Type ${handle}`).fill(handle)
    await press('Delete the account for good')
    await said('The account was deleted.')
    await heading('Sign in')
    const gone = await fetch(`${server.origin}/xrpc/com.atproto.sync.getRepoStatus?did=${did}`)
    expect(gone.status).toBe(400)
    expect(await page.getByText(handle).count()).toBe(0)
  })

  test('a stranger sees nothing of any page, and changes nothing', async () => {
    const session = await SettingsSession.open(server.origin, handle, PASSWORD)
    await session.post('/settings/sign-out', {})
    for (const name of [
      'security',
      'apps',
      'devices',
      'email',
      'handle',
      'identity',
      'data',
      'confirm',
    ]) {
      const { status, headers } = await session.get(`/settings/${name}`)
      expect([status, headers.get('location')], name).toEqual([303, '/settings'])
    }
    for (const path of ['identity/recovery-key', 'delete', 'deactivate', 'handle', 'password']) {
      const { headers } = await session.post(`/settings/${path}`, { handle })
      expect(headers.get('location'), path).toBe('/settings')
    }
    expect((await plcData(did)).rotationKeys).toHaveLength(1)
  })

  /** As if all passwords had been shown a day ago. The server stands still for that. */
  async function ageSessions(): Promise<void> {
    const { dataDirectory } = server
    await server.stop()
    for (const path of globSync('objects/*/*.sqlite', { cwd: dataDirectory })) {
      const database = new DatabaseSync(join(dataDirectory, path))
      for (const [table, statement] of AGEING) {
        const found = database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(table)
        if (found) database.exec(statement)
      }
      database.close()
    }
    const { port } = new URL(server.origin)
    server = await startServer({ dataDirectory, port: Number(port), env: environment() })
  }

  const plcData = async (of: string) =>
    (await (await fetch(`${plc.url}/${of}/data`)).json()) as { rotationKeys: string[] }
})

/** What makes the rows of a day ago of those of now. */
const AGEING = [
  ['browser_session', 'UPDATE browser_session SET confirmed_at = confirmed_at - 86400000'],
  ['device_account', 'UPDATE device_account SET updated_at = updated_at - 86400000'],
] as const

/** A private key as tools print it: multicodec p256-priv in base58btc. */
async function keyOf(text: string): Promise<Keypair> {
  const bytes = base58btc.decode(text)
  expect([...bytes.subarray(0, 2)]).toEqual([0x86, 0x26])
  return P256Keypair.import(bytes.subarray(2))
}
