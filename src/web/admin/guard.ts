/** Who may see the console: whoever is signed in to an account that has the role, with more than a password. */
import type { MiddlewareHandler } from 'hono'
import { browserSessionOf, isCsrfToken } from '../account/browser-session.ts'
import { field } from '../account/form.ts'
import { signInPage } from '../account/sign-in-page.ts'
import { factorPage } from './factor.ts'
import type { ConsoleContext, ConsoleEnv } from './page.ts'
import { consoleHeaders, consolePath } from './paths.ts'

export const setConsoleHeaders: MiddlewareHandler<ConsoleEnv> = async (c, next) => {
  await next()
  const headers = consoleHeaders(c.req.raw, c.env.services.config)
  for (const [name, value] of Object.entries(headers)) {
    // A file has a policy of its own, which is narrower.
    if (!c.res.headers.has(name)) c.res.headers.set(name, value)
  }
  c.res.headers.set('cache-control', 'no-store')
}

/**
 * Strangers sign in, whatever they ask for; whoever is signed in to an account without the role finds nothing here. The
 * role is looked up for each request: who loses it loses it at once.
 */
export const operatorsOnly: MiddlewareHandler<ConsoleEnv> = async (c, next) => {
  const { services } = c.env
  const session = await browserSessionOf(c.req.raw, services)
  if (!session) return c.html(signInPage(services.config, { next: here(c) }))
  const { did, isActive } = session
  if (!isActive || (await services.directory.roles.of(did)) !== 'operator') return nothingHere(c)
  if (c.req.method === 'POST' && !isCsrfToken(session, await givenToken(c))) {
    return c.text('Open the page again and try again.', 403)
  }
  c.set('session', session)
  return next()
}

/** After `operatorsOnly`: who has shown a password only is asked for more. */
export const factorShown: MiddlewareHandler<ConsoleEnv> = async (c, next) =>
  c.var.session.factorAt === null ? c.html(await factorPage(c, here(c)), 403) : next()

export const nothingHere = (c: ConsoleContext) => c.text('There is nothing here.', 404)

/** The page that was asked for; the console's first for whatever is sent. */
const here = (c: ConsoleContext): string =>
  (c.req.method === 'POST' ? undefined : consolePath(c.req.path)) ?? '/admin'

const givenToken = (c: ConsoleContext): Promise<string> | string | undefined =>
  c.req.header('content-type')?.startsWith('application/json')
    ? c.req.header('x-csrf-token')
    : field(c, 'form')
