/** Whoever is signed in shows a password or passkey again, before a dangerous step. */
import { AuthRequiredError, InvalidRequestError, XRPCError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import { csrfTokenOf } from '../browser-session.ts'
import { accountOf } from '../change.ts'
import { confirmPage } from '../confirm-page.ts'
import { failureOf } from '../failure.ts'
import { field, jsonBody, textOf } from '../form.ts'
import { limitSignIn } from '../limits.ts'
import { PAGE_NAMES, type PageName, pathOf } from '../navigation.ts'
import type { PageContext, PageEnv } from '../page-env.ts'
import { findPasskey } from '../passkey-sign-in.ts'
import { settingsFrame } from '../settings-page.ts'

export const confirm = new Hono<PageEnv>()
  .get('/confirm', (c) => show(c, nextOf(c.req.query('next'))))
  .post('/confirm', async (c) => {
    const { services } = c.env
    const { did, token } = c.var.session
    const next = nextOf(await field(c, 'next'))
    try {
      await limitSignIn(c, did)
      const password = await field(c, 'password')
      const code = (await field(c, 'code')) || undefined
      const attempt = { identifier: did, password }
      const found = await services.accounts.tryPassword(attempt, async () => {
        const isRight = await accountOf(c).browserSessions.confirm(token, password, code)
        return isRight || null
      })
      if (!found) throw new AuthRequiredError('The password is wrong.')
    } catch (error) {
      if (isCodeWanted(error)) {
        await services.mailedCodes.send(did)
        return show(c, next, { wanted: (error as XRPCError).message, status: 401 })
      }
      const { message: alert, status } = failureOf(error)
      return show(c, next, { alert, status })
    }
    return c.redirect(`${pathOf(next)}?done=confirmed`, 303)
  })
  .post('/confirm/passkey', async (c) => {
    const { answer, next } = await jsonBody(c)
    const session = c.var.session
    const { did, id, json } = await findPasskey(c, answer, session.did)
    if (did !== session.did) throw new InvalidRequestError('This passkey is of another account')
    await accountOf(c).browserSessions.confirmByPasskey(session.token, id, json)
    return c.json({ next: `${pathOf(nextOf(textOf(next)))}?done=confirmed` })
  })

const nextOf = (input: string | undefined): PageName =>
  PAGE_NAMES.find((name) => name === input) ?? 'overview'

const isCodeWanted = (error: unknown): boolean =>
  error instanceof XRPCError && error.customErrorName === 'AuthFactorTokenRequired'

function show(
  c: PageContext,
  next: PageName,
  {
    status = 200,
    ...parts
  }: { alert?: string; wanted?: string; status?: 200 | 400 | 401 | 429 } = {},
): Response | Promise<Response> {
  const { session } = c.var
  const main = confirmPage({ next, csrfToken: csrfTokenOf(session), session, ...parts })
  const page = settingsFrame(c.env.services, session, { title: 'Confirm that it is you', main })
  return c.html(page, status)
}
