/** hCaptcha at sign-up, against a stand-in: by the API, and on the provider's page in a browser. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { operatorOf } from '../support/accounts.ts'
import { chromiumPath, keepLooks, startChromium } from '../support/chromium.ts'
import { startMailApi, type TestMailApi } from '../support/mail-api.ts'
import { publicOrigin } from '../support/oauth.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

vi.setConfig({ testTimeout: 120_000 })

let hcaptcha: TestMailApi
let plc: TestPlc
let server: TestServer

beforeAll(async () => {
  hcaptcha = await startMailApi()
  plc = await startPlc()
  server = await startServer({
    env: {
      PDS_REGISTRATION: 'open',
      PDS_DID_PLC_URL: plc.url,
      PDS_HCAPTCHA_SITE_KEY: 'a-site-key',
      PDS_HCAPTCHA_SECRET_KEY: 'a-secret-key',
      PDS_HCAPTCHA_TOKEN_SALT: 'a-salt',
      PDS_HCAPTCHA_VERIFY_URL: `${hcaptcha.origin}/siteverify`,
    },
  })
})

afterAll(async () => {
  await server.stop()
  await plc.stop()
  await hcaptcha.stop()
})

afterEach(() => {
  hcaptcha.requests.length = 0
})

const solved = { success: true, challenge_ts: '2026-11-26T12:00:00Z', hostname: 'localhost' }
const lastAsked = () => Object.fromEntries(new URLSearchParams(hcaptcha.requests.at(-1)?.body))

describe('createAccount', () => {
  const signUp = async (name: string, more: object = {}, authorization = '') => {
    const response = await fetch(`${server.origin}/xrpc/com.atproto.server.createAccount`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
      body: JSON.stringify({
        handle: `${name}.test`,
        did: `did:web:${name}.test`,
        email: `${name}@example.com`,
        password: 'correct horse battery',
        ...more,
      }),
    })
    return { status: response.status, ...((await response.json()) as object) }
  }

  test('takes the answer to a captcha, which is verified', async () => {
    expect(await signUp('robot')).toMatchObject({ status: 400, error: 'InvalidCaptcha' })
    expect(hcaptcha.requests).toEqual([])
    hcaptcha.answer(200, { ...solved, success: false })
    const verificationCode = 'an-answer'
    expect(await signUp('robot', { verificationCode })).toMatchObject({
      status: 400,
      error: 'InvalidCaptcha',
    })
    hcaptcha.answer(500)
    expect(await signUp('robot', { verificationCode })).toMatchObject({ status: 502 })
    hcaptcha.answer(200, solved)
    expect(await signUp('human', { verificationCode })).toMatchObject({ status: 200 })
    expect(lastAsked()).toMatchObject({
      secret: 'a-secret-key',
      sitekey: 'a-site-key',
      response: 'an-answer',
    })
  })

  test('with a code that an open host does not ask for takes one all the same', async () => {
    expect(await signUp('robot', { inviteCode: 'made-up' })).toMatchObject({
      status: 400,
      error: 'InvalidCaptcha',
    })
  })

  test('of the operator takes none', async () => {
    expect(await signUp('guest', {}, operatorOf(server))).toMatchObject({ status: 200 })
    expect(hcaptcha.requests).toEqual([])
  })

  test('with a proof of some other DID than the one that moves takes one all the same', async () => {
    const { accessJwt } = (await signUp('owner', {}, operatorOf(server))) as { accessJwt?: string }
    const asked = new URLSearchParams({
      aud: 'did:web:localhost',
      lxm: 'com.atproto.server.createAccount',
    })
    const answer = await fetch(`${server.origin}/xrpc/com.atproto.server.getServiceAuth?${asked}`, {
      headers: { authorization: `Bearer ${accessJwt}` },
    })
    const { token } = (await answer.json()) as { token: string }
    for (const did of [undefined, 'did:web:robot.test']) {
      expect(await signUp('robot', { did }, `Bearer ${token}`)).toMatchObject({
        status: 400,
        error: 'InvalidCaptcha',
      })
    }
  })
})

describe.skipIf(chromiumPath() === undefined)('on the page', () => {
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    browser = await startChromium()
  })
  afterAll(() => browser?.close())

  test('a captcha is shown as its policy allows, and its answer goes with the sign-up', async () => {
    hcaptcha.answer(200, solved)
    const context = await browser.newContext()
    page = await context.newPage()
    const violations: string[] = []
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) violations.push(message.text())
    })
    await context.route(/^https:\/\/(\w+\.)?hcaptcha\.com\//, (route) =>
      route.fulfill({ contentType: 'text/javascript', body: STAND_IN }),
    )
    const origin = publicOrigin(server.origin)
    const response = await page.goto(`${origin}/account/sign-up`)
    const policy = (await response?.headerValue('content-security-policy')) ?? ''
    for (const directive of ['script-src', 'frame-src', 'style-src', 'connect-src']) {
      expect(policy).toMatch(
        new RegExp(`${directive} [^;]*https://hcaptcha\\.com https://\\*\\.hcaptcha\\.com`),
      )
    }
    await fillSignUp(page, 'byhand')
    await page.getByText('I am human').waitFor()
    await keepLooks(page, 'captcha-sign-up')
    await page.getByRole('button', { name: 'Sign up', exact: true }).click()
    await page.waitForURL('**/account/u/byhand.test')
    expect(lastAsked()).toMatchObject({ secret: 'a-secret-key', response: 'answer-of-the-page' })
    expect(hcaptcha.requests).toHaveLength(1)
    expect(violations).toEqual([])
    await context.close()
  })
})

async function fillSignUp(page: Page, name: string): Promise<void> {
  const next = () => page.getByRole('button', { name: 'Next', exact: true }).click()
  await page.getByRole('textbox').first().fill(name)
  await next()
  await page.getByLabel(/email/i).fill(`${name}@example.com`)
  await page.locator('input[type=password]').first().fill('correct horse battery')
  await next()
}

/** As much of hCaptcha's script as the page uses: whoever is shown it has solved it. */
const STAND_IN = `
window.hcaptcha = {
  render(element, options) {
    element.textContent = 'I am human'
    setTimeout(() => options.callback('answer-of-the-page'), 50)
    return 'widget'
  },
  execute() {}, reset() {}, remove() {}, setData() {}, getResponse: () => 'answer-of-the-page', getRespKey: () => '',
}
window[new URL(document.currentScript.src).searchParams.get('onload')]?.()
`
