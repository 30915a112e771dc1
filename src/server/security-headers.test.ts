import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { send } from '../testing/host.ts'
import worker from '../worker.ts'
import { NO_PAGE } from './security-headers.ts'

/** Answers that are no page. */
const OTHERS: [string, RequestInit?][] = [
  ['/xrpc/com.atproto.server.describeServer'],
  ['/xrpc/com.atproto.server.describeServer', { method: 'OPTIONS' }],
  ['/xrpc/com.atproto.server.describeServer', { method: 'HEAD' }],
  ['/xrpc/com.atproto.server.describeServer', { method: 'POST' }],
  ['/xrpc/com.atproto.repo.getRecord?repo=<script>&collection=a.b.c&rkey=d'],
  ['/xrpc/com.example.<script>alert(1)</script>'],
  ['/xrpc/app.bsky.feed.getTimeline'],
  ['/xrpc/_health'],
  ['/'],
  ['/robots.txt'],
  ['/.well-known/did.json'],
  ['/.well-known/atproto-did'],
  ['/.well-known/oauth-protected-resource'],
  ['/.well-known/oauth-authorization-server'],
  ['/.well-known/change-password', { redirect: 'manual' }],
  ['/oauth/jwks'],
  ['/oauth/par', { method: 'POST', body: '<script>' }],
  ['/oauth/nothing'],
  ['/@atproto/oauth-provider/~assets/nothing.js'],
  ['/@atproto/oauth-provider/~api/sign-in', { method: 'POST', body: '<script>' }],
  ['/dev/mail'],
  ['/nothing/<script>alert(1)</script>'],
]

test.each(OTHERS)('what is no page can run nothing: %s %j', async (path, init) => {
  const { headers } = await send(path, init)
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  // The provider says as much in its own words.
  expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'(?:; sandbox)?$/)
})

const navigation = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
}

/** Pages, with the files of this host that each may run. */
test.each<[string, string, string]>([
  ['/', 'localhost:2583/settings/passkeys.js', 'localhost:2583/settings/style.css'],
  ['/settings', 'localhost:2583/settings/passkeys.js', 'localhost:2583/settings/style.css'],
  ['/settings/sign-in/app?next=/account', '/settings/passkeys.js', '/settings/style.css'],
  ['/settings/passkey', '/settings/passkeys.js', '/settings/style.css'],
  ['/settings/nothing', '/settings/passkeys.js', '/settings/style.css'],
  ['/account', '/@atproto/oauth-provider/~assets/', '/settings/sign-in/app.css'],
  ['/oauth/authorize', '/@atproto/oauth-provider/~assets/', '/settings/sign-in/app.css'],
  ['/status', '/settings/passkeys.js', '/settings/style.css'],
])('a page names the files that it runs, and runs no others: %s', async (path, script, style) => {
  const { headers } = await send(path, { headers: navigation })
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  const policy = headers.get('content-security-policy') ?? ''
  expect(policy).toContain("default-src 'none'")
  const of = (name: string) => policy.match(new RegExp(`${name} ([^;]*)`))?.[1] ?? ''
  for (const sources of [of('script-src'), of('style-src')]) {
    expect(sources).not.toMatch(/'self'|unsafe|\*|https?:(?:\s|$)|\/xrpc/)
  }
  expect(of('script-src')).toContain(script)
  expect(of('style-src')).toContain(style)
})

/** An answer of a host with other settings. */
async function answerOf(settings: object, path: string): Promise<Headers> {
  const context = createExecutionContext()
  const request = new Request(`https://pds.example.com${path}`, { headers: navigation })
  const response = await worker.fetch(
    request as Parameters<typeof worker.fetch>[0],
    { ...env, ...settings },
    context,
  )
  await response.arrayBuffer()
  await waitOnExecutionContext(context)
  return response.headers
}

test('a public host is asked for by https only, from the first answer on', async () => {
  const settings = { PDS_HOSTNAME: 'pds.example.com', PDS_DEV_MODE: 'false' }
  for (const path of ['/', '/settings', '/status', '/account', '/xrpc/_health', '/nothing']) {
    const headers = await answerOf(settings, path)
    expect(headers.get('strict-transport-security')).toBe('max-age=63072000')
  }
})

test('a host in development, or on this machine, does not ask for https', async () => {
  for (const settings of [
    { PDS_HOSTNAME: 'pds.example.com', PDS_DEV_MODE: 'true' },
    { PDS_HOSTNAME: 'localhost', PDS_DEV_MODE: 'false' },
  ]) {
    const headers = await answerOf(settings, '/')
    expect(headers.get('strict-transport-security')).toBeNull()
  }
})

test('wrong settings are answered with the same care', async () => {
  const headers = await answerOf({ PDS_JWT_SECRET: '' }, '/')
  expect(headers.get('content-security-policy')).toBe(NO_PAGE)
})
