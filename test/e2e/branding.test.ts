/** A host with a name, a logo and colours of its own: the same on its pages and on the OAuth provider's. */
import type { Browser as Chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Browser } from '../support/browser.ts'
import { chromiumPath, keepLooks, startChromium } from '../support/chromium.ts'
import { startServer, type TestServer } from '../support/server.ts'

vi.setConfig({ testTimeout: 120_000 })

const LOGO = 'https://cdn.example.com/logo.svg'
const PAGES = ['/', '/settings', '/status', '/account'] as const

let server: TestServer

beforeAll(async () => {
  server = await startServer({
    env: {
      PDS_SERVICE_NAME: 'Sky & Sons',
      PDS_LOGO_URL: `${LOGO}?v=2`,
      PDS_PRIMARY_COLOR: '#0a6',
      PDS_HOME_URL: 'https://home.example.com/',
      PDS_SUPPORT_URL: 'https://help.example.com/',
      PDS_TERMS_OF_SERVICE_URL: 'https://home.example.com/terms',
      PDS_PRIVACY_POLICY_URL: 'https://home.example.com/privacy',
    },
  })
})

afterAll(() => server?.stop())

const open = (path: string) =>
  new Browser(server.origin.replace('127.0.0.1', 'localhost')).send('GET', path, {
    accept: 'text/html',
    'sec-fetch-site': 'none',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  })

test.each(PAGES)('%s loads that logo and no other picture from elsewhere', async (path) => {
  const page = await open(path)
  const policy = String(page.headers['content-security-policy'])
  const pictures = policy.split(';').find((directive) => directive.trim().startsWith('img-src'))
  const elsewhere = pictures?.split(' ').filter((source) => source.includes('//'))
  // The provider's pages show the logos of apps, too, wherever they are.
  if (path === '/account') expect(pictures?.split(' ')).toContain('https:')
  else expect(elsewhere).toEqual([LOGO])
  const html = page.text
  expect(html).toContain('https://home.example.com/terms')
  expect(html).toContain('https://help.example.com/')
})

test.each(['/', '/settings', '/status'])('%s has the name, escaped', async (path) => {
  const page = await open(path)
  const html = page.text
  expect(html).toContain('· Sky &amp; Sons</title>')
  expect(html).not.toContain('Sky & Sons')
})

describe.skipIf(chromiumPath() === undefined)('in a browser', () => {
  let browser: Chromium

  beforeAll(async () => {
    browser = await startChromium()
  })
  afterAll(() => browser?.close())

  test.each(PAGES)('%s shows the logo and the colour', async (path) => {
    const page = await (await browser.newContext()).newPage()
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><circle cx="32" cy="32" r="30" fill="#0a6"/></svg>'
    await page.route(`${LOGO}?v=2`, (route) =>
      route.fulfill({ contentType: 'image/svg+xml', body: svg }),
    )
    await page.goto(server.origin + path)
    const logo = page.locator(`img[src="${LOGO}?v=2"]`).first()
    await logo.waitFor()
    await vi.waitFor(async () => {
      const width = await logo.evaluate((image) => Reflect.get(image, 'naturalWidth'))
      expect(width).toBeGreaterThan(0)
    })
    await keepLooks(page, `branding-${path.slice(1) || 'landing'}`)
  })
})
