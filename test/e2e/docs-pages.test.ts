/** `/docs` of a running host: read without scripts, and used in a browser. */
import { AtpAgent } from '@atproto/api'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { findFaults } from '../support/axe.ts'
import { complaintsOf, keepLooks, lacksChromium, startChromium } from '../support/chromium.ts'
import { HANDLE, PASSWORD, startServer, type TestServer } from '../support/server.ts'

vi.setConfig({ testTimeout: 120_000 })

let server: TestServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server?.stop())

const read = async (path: string) => {
  const answer = await fetch(`${server.origin}/docs${path}`)
  return { status: answer.status, headers: answer.headers, text: await answer.text() }
}

test('every method and record is listed, and found by words without scripts', async () => {
  const all = await read('')
  expect(all.status).toBe(200)
  for (const nsid of ['com.atproto.repo.createRecord', 'app.bsky.feed.post']) {
    expect(all.text).toContain(`href="/docs/${nsid}"`)
  }
  const found = await read('?q=upload+BLOB&kind=procedure')
  expect(found.text).toContain('href="/docs/com.atproto.repo.uploadBlob"')
  expect(found.text).not.toContain('href="/docs/com.atproto.repo.createRecord"')
  expect((await read('?q=RecordNotFound')).text).toContain('com.atproto.repo.getRecord')
  const nothing = await read(`?q=${encodeURIComponent('"><script>alert(1)</script>')}`)
  expect(nothing.text).toContain('None are found')
  expect(nothing.text).not.toContain('<script>alert')
})

test('a page says where its method goes, who may call, how often, with what and what goes wrong', async () => {
  const { text, headers } = await read('/com.atproto.identity.updateHandle')
  expect(text).toContain('answered here')
  expect(text).toContain('Who is signed in, with any password of the account.')
  expect(text).toContain('<code>identity:handle</code>')
  expect(text).toContain('3,000 in 5 minutes by network; 10 in 5 minutes by account')
  expect(headers.get('content-security-policy')).toMatch(/script-src \S+\/docs\/docs\.js /)
  // Nobody is there to whom this host would forward it.
  const { text: refused } = await read('/app.bsky.feed.searchPosts')
  expect(refused).toContain('>refused<')
  expect(refused).not.toContain('data-try')
  const record = await read('/app.bsky.feed.post')
  expect(record.text).toContain('<code>repo:app.bsky.feed.post</code>')
  expect(record.text).toContain('href="/docs/app.bsky.richtext.facet#def-main"')
  expect((await read('/com.example.nothing')).status).toBe(404)
})

describe.skipIf(lacksChromium())('in a browser', () => {
  let browser: Browser
  let page: Page
  let complaints: string[]

  beforeAll(async () => {
    browser = await startChromium()
    page = await (await browser.newContext()).newPage()
    complaints = complaintsOf(page)
  })
  afterAll(() => browser?.close())

  const open = (path: string) => page.goto(`${server.origin}/docs${path}`)

  test('its form calls methods, as nobody and as who signs in, and ends the session', async () => {
    await open('/com.atproto.identity.resolveHandle')
    await page.fill('#param-handle', HANDLE)
    await page.click('[data-call] button')
    await page.getByText(/^200 /).waitFor()
    expect(await page.textContent('[data-text]')).toContain('did:web:')

    await open('/com.atproto.repo.createRecord')
    await page.fill('#identifier', HANDLE)
    await page.fill('#password', 'a wrong password')
    await page.click('[data-sign-in] button')
    await page.getByRole('alert').waitFor()
    expect(complaints.splice(0).join()).toContain('401')
    await page.fill('#password', PASSWORD)
    await page.click('[data-sign-in] button')
    await page.getByText(`Signed in as ${HANDLE}`).waitFor()
    const record = { $type: 'com.example.note', text: '<b>hello</b>' }
    await page.fill('#body', JSON.stringify({ repo: HANDLE, collection: record.$type, record }))
    await page.click('[data-call] button')
    await page.getByText(/^200 /).waitFor()
    const { uri } = JSON.parse((await page.textContent('[data-text]')) ?? '')
    expect(uri).toContain('/com.example.note/')
    await keepLooks(page, 'docs-call')

    // The session is there on the next page, in no address, and goes with the tab.
    await open('/com.atproto.server.getSession')
    expect(page.url()).not.toContain('eyJ')
    await page.click('[data-call] button')
    await page.getByText(/^200 /).waitFor()
    const stored = await page.evaluate(() => sessionStorage.getItem('docs-session'))
    await page.click('[data-signed-in] button')
    await page.locator('[data-sign-in]').waitFor()
    const { accessJwt } = JSON.parse(stored ?? '') as { accessJwt: string }
    await vi.waitFor(async () => {
      const agent = new AtpAgent({ service: server.origin })
      const headers = { authorization: `Bearer ${accessJwt}` }
      await expect(agent.com.atproto.server.getSession({}, { headers })).rejects.toMatchObject({
        status: 400,
      })
    })
    expect(complaints).toEqual([])
  })

  test('the pages keep nobody out, and nobody has to scroll sideways', async () => {
    for (const [path, name] of [
      ['?q=getRecord', 'docs'],
      ['/com.atproto.repo.uploadBlob', 'docs-method'],
      ['/app.bsky.feed.post', 'docs-record'],
    ] as const) {
      await open(path)
      expect(await findFaults(page)).toEqual([])
      await keepLooks(page, name)
      await page.setViewportSize({ width: 360, height: 800 })
      const width = await page.evaluate(() => document.documentElement.scrollWidth)
      expect([path, width]).toEqual([path, 360])
    }
  })
})
