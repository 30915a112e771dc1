/** What all pages have in common as far as browsers are concerned. */
import type { MiddlewareHandler } from 'hono'
import { pageHeaders, SETTINGS } from '../layout.ts'
import { isCsrfToken } from './browser-session.ts'
import { field } from './form.ts'
import { pathOf } from './navigation.ts'
import type { PageEnv } from './page-env.ts'
import { currentSession } from './resume.ts'

export const setPageHeaders: MiddlewareHandler<PageEnv> = async (c, next) => {
  await next()
  const headers = pageHeaders(c.req.raw, c.env.services.config)
  for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value)
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

/**
 * Accepts requests of browsers that are signed in, and of what they send only what a form or script of the page sends.
 * Whoever's account was taken down gets no further than the page with the data.
 */
export const signedInOnly: MiddlewareHandler<PageEnv> = async (c, next) => {
  const isScript = c.req.header('content-type')?.startsWith('application/json') ?? false
  const session = await currentSession(c)
  if (!session) {
    if (!isScript) return c.redirect(SETTINGS, 303)
    return c.json({ message: 'You are not signed in any more. Open the page again.' }, 401)
  }
  if (c.req.method === 'POST') {
    const given = isScript ? c.req.header('x-csrf-token') : await field(c, 'form')
    if (!isCsrfToken(session, given)) return c.redirect(SETTINGS, 303)
  }
  const isOpen = session.status !== 'takendown' || c.req.path === pathOf('data')
  if (!isOpen) {
    return isScript ? c.json({ message: TAKEN_DOWN }, 403) : c.redirect(pathOf('data'), 303)
  }
  c.set('session', session)
  return next()
}

const TAKEN_DOWN = 'This account was taken down.'

/**
 * What an operator signs in with is changed only by who has shown it: a password alone must not become a passkey of
 * an operator's. After `signedInOnly`.
 */
export const operatorsShowFactor: MiddlewareHandler<PageEnv> = async (c, next) => {
  const { did, factorAt } = c.var.session
  if (c.req.method !== 'POST' || factorAt !== null) return next()
  if ((await c.env.services.directory.roles.of(did)) === null) return next()
  const message =
    'This account may operate the host: sign in with a passkey or an authenticator app to change this.'
  const isScript = c.req.header('content-type')?.startsWith('application/json') ?? false
  return isScript ? c.json({ message }, 403) : c.text(message, 403)
}
