/** A host with no way for mails: what takes one says so at once, and the operator does it instead. */
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type MadeAccount, makeAccounts, operatorOf } from '../support/accounts.ts'
import { Browser } from '../support/browser.ts'
import { SettingsSession } from '../support/browser-session.ts'
import { chromiumPath, keepLooks, startChromium } from '../support/chromium.ts'
import { runCumulus } from '../support/command.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

vi.setConfig({ testTimeout: 60_000 })

const REFUSED = {
  status: 400,
  error: 'InvalidRequest',
  message: 'This host cannot send mail; its operator can help: help@example.com',
}

let plc: TestPlc
let server: TestServer

beforeAll(async () => {
  plc = await startPlc()
  server = await startServer({
    env: {
      PDS_DEV_MODE: 'false',
      PDS_DID_PLC_URL: plc.url,
      PDS_DISABLE_SSRF_PROTECTION: 'true',
      PDS_CONTACT_EMAIL_ADDRESS: 'help@example.com',
      PDS_RATE_LIMITS_ENABLED: 'false',
    },
  })
})

afterAll(async () => {
  await server?.stop()
  await plc?.stop()
})

const command = (...args: string[]) =>
  runCumulus(['account', ...args], {
    PDS_PORT: new URL(server.origin).port,
    PDS_DATA_DIRECTORY: server.dataDirectory,
  })

async function makeMailed(): Promise<
  MadeAccount & { agent: AtpAgent; email: string; password: string }
> {
  const [account] = await makeAccounts(server, 1, 'did:plc')
  if (!account) throw new Error('no account')
  const password = `password of ${account.handle}`
  const agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: account.handle, password })
  const email = `${account.handle}@example.com`
  await agent.com.atproto.server.updateEmail({ email })
  return { ...account, agent, email, password }
}

test('each method that takes a mail is refused at once, alike for every address', async () => {
  const { agent, did, handle, email } = await makeMailed()
  const { server: methods, identity } = agent.com.atproto
  for (const ask of [
    () => methods.requestPasswordReset({ email }),
    () => methods.requestPasswordReset({ email: 'nobody@example.com' }),
    () => methods.requestEmailConfirmation(),
    () => methods.requestAccountDelete(),
    () => identity.requestPlcOperationSignature(),
  ]) {
    await expect(ask()).rejects.toMatchObject(REFUSED)
  }
  // An address that is not confirmed is changed without a code, so that nothing is to be mailed.
  expect((await methods.requestEmailUpdate()).data).toEqual({ tokenRequired: false })
  expect((await command('confirm-address', handle)).code).toBe(0)
  await expect(methods.requestEmailUpdate()).rejects.toMatchObject(REFUSED)
  const sent = await fetch(`${server.origin}/xrpc/com.atproto.admin.sendEmail`, {
    method: 'POST',
    headers: { authorization: operatorOf(server), 'content-type': 'application/json' },
    body: JSON.stringify({ recipientDid: did, senderDid: did, content: 'Hello' }),
  })
  expect(await sent.json()).toMatchObject({ message: REFUSED.message })
})

test('so are the forms of the provider’s pages', async () => {
  const { email } = await makeMailed()
  const browser = new Browser(server.origin.replace('127.0.0.1', 'localhost'))
  await browser.open('/account')
  const answers = await Promise.all(
    [email, 'nobody@example.com'].map((address) =>
      browser.api('POST', '/reset-password-request', { locale: 'en', email: address }),
    ),
  )
  for (const answer of answers) {
    expect(answer.status).toBe(400)
    expect(answer.json()).toMatchObject({ error_description: REFUSED.message })
  }
})

test('the operator gives out a link, by which a password is set once', async () => {
  const { handle, password } = await makeMailed()
  const { output, code } = await command('reset-link', handle, '--json')
  expect(code).toBe(0)
  const { url, token } = JSON.parse(output) as { url: string; token: string }
  expect(url).toMatch(/\/settings\/reset-password#[A-Z2-7]{5}-[A-Z2-7]{5}$/)
  expect(await (await fetch(`${server.origin}/settings/reset-password`)).text()).toContain(
    'data-from-link',
  )
  const set = (given: string, typed: string) =>
    fetch(`${server.origin}/settings/reset-password`, {
      method: 'POST',
      body: new URLSearchParams({ token: given, password: typed }),
    })
  expect((await set(token, 'short')).status).toBe(400)
  expect((await set('AAAAA-AAAAA', 'a new password')).status).toBe(400)
  expect(await (await set(token, 'a new password')).text()).toContain('The new password is set')
  expect((await set(token, 'another password')).status).toBe(400)
  const agent = new AtpAgent({ service: server.origin })
  await expect(agent.login({ identifier: handle, password })).rejects.toThrow()
  await agent.login({ identifier: handle, password: 'a new password' })
})

test('the operator confirms an address', async () => {
  const { agent, email, handle } = await makeMailed()
  const { output } = await command('confirm-address', email)
  expect(output).toBe(`${email} is confirmed as the address of @${handle}\n`)
  expect((await agent.com.atproto.server.getSession()).data.emailConfirmed).toBe(true)
})

test('the operator gives out a token, by which an identity is signed once', async () => {
  const { agent, did } = await makeMailed()
  const { token } = JSON.parse((await command('plc-token', did, '--json')).output) as {
    token: string
  }
  const sign = () => agent.com.atproto.identity.signPlcOperation({ token })
  expect((await sign()).data.operation).toMatchObject({ type: 'plc_operation' })
  await expect(sign()).rejects.toMatchObject({ error: 'InvalidToken' })
})

test('the operator deletes an account, whose handle is typed once more', async () => {
  const { handle, did } = await makeMailed()
  const first = await command('delete', handle)
  expect(first).toMatchObject({ code: 1, output: expect.stringContaining(`--confirm ${handle}`) })
  const { output, code } = await command('delete', handle, '--confirm', handle)
  expect({ output, code }).toEqual({ output: `@${handle} (${did}) is deleted\n`, code: 0 })
  const anybody = new AtpAgent({ service: server.origin })
  await expect(anybody.com.atproto.sync.getRepoStatus({ did })).rejects.toThrow()
  const gone = await command('reset-link', handle)
  expect(gone).toMatchObject({ code: 1, output: expect.stringMatching(/no account|not found/) })
})

describe.skipIf(chromiumPath() === undefined)('in a browser', () => {
  test('the link fills in its code, and leaves no trace of it in the address', async () => {
    const { handle } = await makeMailed()
    const { output } = await command('reset-link', handle, '--json')
    const { url, token } = JSON.parse(output) as { url: string; token: string }
    const browser = await startChromium()
    try {
      const page = await (await browser.newContext()).newPage()
      await page.goto(url)
      await page.waitForFunction('document.querySelector("#token").value !== ""')
      expect(await page.inputValue('#token')).toBe(token)
      expect(page.url()).not.toContain(token)
      await keepLooks(page, 'reset-password')
      await page.fill('#password', 'a new password')
      await page.click('button')
      await page.getByText('The new password is set').waitFor()
    } finally {
      await browser.close()
    }
  })
})

test('the owner gets the code for moving on the page, once credentials were shown', async () => {
  const { agent, handle, password } = await makeMailed()
  const session = await SettingsSession.open(server.origin, handle, password)
  const page = await (await session.get('/settings/data')).text()
  expect(page).toContain('Since you get no mail from this host, you get the code here.')
  const shown = await (await session.post('/settings/move/code', {})).text()
  const [, token = ''] = /<code class="secret">([A-Z2-7]{5}-[A-Z2-7]{5})</.exec(shown) ?? []
  const { data } = await agent.com.atproto.identity.signPlcOperation({ token })
  expect(data.operation).toMatchObject({ type: 'plc_operation' })
  await expect(agent.com.atproto.identity.signPlcOperation({ token })).rejects.toThrow()
})

test.skipIf(!chromiumPath())('the page with the code can be read', async () => {
  const { handle, password } = await makeMailed()
  const browser = await startChromium()
  try {
    const page = await browser.newPage()
    await page.goto(`${server.origin}/settings`)
    await page.getByLabel('Handle or email address').fill(handle)
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in with the password' }).click()
    await page.getByRole('heading', { name: 'Your account' }).waitFor()
    await page.goto(`${server.origin}/settings/data`)
    await page.getByRole('button', { name: 'Show me a code for moving' }).click()
    await page.getByText('Your code for moving').waitFor()
    await keepLooks(page, 'moving-code')
  } finally {
    await browser.close()
  }
})
