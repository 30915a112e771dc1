/** What all pages have in common as far as browsers are concerned. */
import type { MiddlewareHandler } from 'hono'
import type { PageEnv } from './page-env.ts'

/**
 * Nothing from elsewhere, nothing inline, nothing in frames. The referrer stays on the host, where it lets older
 * browsers say which page a form is of; it goes nowhere else.
 */
export const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'publickey-credentials-create=(self), publickey-credentials-get=(self)',
} as const

export const pageHeaders: MiddlewareHandler<PageEnv> = async (c, next) => {
  await next()
  for (const [name, value] of Object.entries(PAGE_HEADERS)) c.res.headers.set(name, value)
  if (!c.res.headers.has('cache-control')) c.res.headers.set('cache-control', 'no-store')
}

/**
 * Refuses what another site makes a browser send. Browsers say where a request comes from in `Sec-Fetch-Site`,
 * or, the older ones, in `Origin`; what says neither is no browser, and has nobody's cookie.
 */
export const sameOriginOnly: MiddlewareHandler<PageEnv> = async (c, next) => {
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
    const site = c.req.header('sec-fetch-site')
    const origin = c.req.header('origin')
    const own = new URL(c.env.services.config.publicUrl).origin
    const isSame = site ? site === 'same-origin' : origin === undefined || origin === own
    if (!isSame) return c.text('Open this page here and try again.', 403)
  }
  return next()
}
