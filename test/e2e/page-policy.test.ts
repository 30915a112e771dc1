/** Markup that got into a page all the same: in a browser, it runs nothing that people have uploaded. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AtpAgent } from '@atproto/api'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { chromiumPath, startChromium } from '../support/chromium.ts'
import { HANDLE, PASSWORD, startServer, type TestServer } from '../support/server.ts'

vi.setConfig({ testTimeout: 120_000 })

describe.skipIf(chromiumPath() === undefined)('in a browser', () => {
  let server: TestServer
  let browser: Browser
  let page: Page
  /** Paths of blobs by their type. */
  const blobs = new Map<string, string>()

  beforeAll(async () => {
    server = await startServer()
    browser = await startChromium()
    page = await (await browser.newContext()).newPage()
    const agent = new AtpAgent({ service: server.origin })
    await agent.login({ identifier: HANDLE, password: PASSWORD })
    const content = {
      'text/javascript': 'globalThis.hasRun = true',
      'text/css': 'body { display: none }',
      'text/html': '<script>document.title = "hasRun"</script>',
      'image/svg+xml': '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>',
    }
    const files: unknown[] = []
    for (const [encoding, text] of Object.entries(content)) {
      const { data } = await agent.com.atproto.repo.uploadBlob(Buffer.from(text), { encoding })
      files.push(data.blob.original)
      const cid = data.blob.ref.toString()
      blobs.set(encoding, `/xrpc/com.atproto.sync.getBlob?did=${agent.assertDid}&cid=${cid}`)
    }
    await agent.com.atproto.repo.createRecord({
      repo: agent.assertDid,
      collection: 'com.example.file',
      record: { files },
    })
  })

  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  })

  /** Puts an element into the open page, and waits until it has loaded or was refused. */
  const inject = (markup: { name: string; attributes: Record<string, string> }) =>
    page.evaluate(
      ({ name, attributes }) =>
        new Promise<string>((resolve) => {
          const element = document.createElement(name)
          for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
          element.addEventListener('load', () => resolve('loaded'))
          element.addEventListener('error', () => resolve('refused'))
          document.head.append(element)
        }),
      markup,
    )

  test.each(['/', '/settings', '/account', '/status'])(
    'a blob is no script and no style sheet of %s',
    async (path) => {
      await page.goto(server.origin + path)
      const src = blobs.get('text/javascript') ?? ''
      const href = blobs.get('text/css') ?? ''
      for (const type of ['text/javascript', 'module']) {
        expect(await inject({ name: 'script', attributes: { src, type } })).toBe('refused')
      }
      expect(await inject({ name: 'link', attributes: { rel: 'stylesheet', href } })).toBe(
        'refused',
      )
      expect(await page.evaluate('globalThis.hasRun')).toBeUndefined()
      const worker = await page.evaluate(
        (url) =>
          new Promise<string>((resolve) => {
            try {
              new Worker(url).onerror = () => resolve('refused')
            } catch {
              resolve('refused')
            }
          }),
        src,
      )
      expect(worker).toBe('refused')
    },
  )

  test('a page without any policy cannot run it either', async () => {
    await page.route(`${server.origin}/unguarded`, (route) =>
      route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>unguarded</title>' }),
    )
    await page.goto(`${server.origin}/unguarded`)
    const src = blobs.get('text/javascript') ?? ''
    expect(await inject({ name: 'script', attributes: { src } })).toBe('refused')
    const href = blobs.get('text/css') ?? ''
    expect(await inject({ name: 'link', attributes: { rel: 'stylesheet', href } })).toBe('refused')
    expect(await page.evaluate('globalThis.hasRun')).toBeUndefined()
  })

  test('an app elsewhere shows images of this host', async () => {
    const app = createServer((_, response) => {
      response.setHeader('content-type', 'text/html')
      response.setHeader('cross-origin-embedder-policy', 'require-corp')
      response.end('<!doctype html><title>app</title>')
    })
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void app.close())
    await page.goto(`http://127.0.0.1:${(app.address() as AddressInfo).port}/`)
    const src = server.origin + blobs.get('image/svg+xml')
    expect(await inject({ name: 'img', attributes: { src } })).toBe('loaded')
  })

  test('a page that was uploaded is a download, and no page of this host', async () => {
    await page.goto(`${server.origin}/settings`)
    const started = page.waitForEvent('download')
    await page.evaluate((url) => {
      location.href = url
    }, blobs.get('text/html') ?? '')
    await (await started).cancel()
    expect(await page.title()).not.toBe('hasRun')
  })
})
