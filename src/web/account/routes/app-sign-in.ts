/**
 * Signing in on the OAuth provider's pages with a passkey, or with the code of an authenticator app. What is opened
 * is the provider's browser session, not one of the account page.
 */
import { AuthRequiredError, InvalidRequestError, XRPCError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import { signInOnDevice } from '../../../oauth/device.ts'
import { beginEpoch } from '../../../oauth/store/epochs.ts'
import { appSignInStyle, readNext } from '../alternative-sign-in.ts'
import { appSignInPage, signedInPage } from '../app-sign-in-page.ts'
import { failureOf } from '../failure.ts'
import { field, jsonBody, textOf } from '../form.ts'
import { limitSignIn } from '../limits.ts'
import type { PageContext, PageEnv } from '../page-env.ts'
import { authenticateByPasskey } from '../passkey-sign-in.ts'

export const appSignIn = new Hono<PageEnv>()
  .get('/sign-in/app.css', (c) =>
    c.body(appSignInStyle(c.env.services.config.branding), 200, {
      'content-type': 'text/css; charset=utf-8',
      'cache-control': 'public, max-age=300',
    }),
  )
  .get('/sign-in/app', (c) => {
    const next = nextOf(c, c.req.query('next'))
    return c.html(appSignInPage(c.env.services.config, { next }))
  })
  .post('/sign-in/app', async (c) => {
    const { services } = c.env
    const { config } = services
    const next = nextOf(c, await field(c, 'next'))
    const identifier = await field(c, 'identifier')
    try {
      const password = await field(c, 'password')
      const did = await tryPassword(c, identifier, password, await field(c, 'code'))
      await enter(c, did)
    } catch (error) {
      const { message: alert, status } = failureOf(error)
      return c.html(appSignInPage(config, { next, alert, identifier }), status)
    }
    // No redirect: where the provider sends browsers on at once, to an app, `form-action` would forbid that.
    c.header('refresh', `0;url=${next}`)
    return c.html(signedInPage(config, next))
  })
  .post('/sign-in/app/passkey', async (c) => {
    const { answer, identifier, next } = await jsonBody(c)
    const to = nextOf(c, textOf(next))
    const { did } = await authenticateByPasskey(c, answer, textOf(identifier))
    await enter(c, did)
    return c.json({ next: to })
  })

/** Anything that is not a page of the provider leads to its account page. */
const nextOf = (c: PageContext, input: string | undefined): string =>
  readNext(input, new URL(c.env.services.config.publicUrl).origin) ?? '/account'

/** @returns the DID. @throws AuthRequiredError; XRPCError `AuthFactorTokenRequired`, `AccountTakedown`, `RateLimitExceeded` */
async function tryPassword(
  c: PageContext,
  identifier: string,
  password: string,
  code: string,
): Promise<string> {
  await limitSignIn(c, identifier)
  const { services } = c.env
  const found = await services.accounts.tryPassword({ identifier, password }, async (did) => {
    await beginEpoch(services, did)
    return services
      .account(did)
      .factors.authenticate(password, code)
      .catch(async (error: unknown) => {
        if (isCodeWanted(error)) await services.mailedCodes.send(did)
        throw error
      })
  })
  if (found) return found.did
  throw new AuthRequiredError('The handle or the password is wrong.')
}

const isCodeWanted = (error: unknown): boolean =>
  error instanceof XRPCError && error.customErrorName === 'AuthFactorTokenRequired'

/** @throws InvalidRequestError when the browser has not seen the provider's pages */
async function enter(c: PageContext, did: string): Promise<void> {
  const cookies = await signInOnDevice(c.env.services, c.req.header('cookie'), did)
  if (!cookies) {
    throw new InvalidRequestError('This took too long: go back with the link below and begin again')
  }
  for (const cookie of cookies) c.header('set-cookie', cookie, { append: true })
}
