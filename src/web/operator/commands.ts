/** What commands ask of a running host, with the operator's password: JSON in, JSON out. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import { audited } from '../../server/audit.ts'
import { authenticate } from '../../server/auth/authenticate.ts'
import { admin } from '../../server/auth/policy.ts'
import { errorResponse, isInternal } from '../../server/xrpc/answer.ts'
import { jsonBody, textOf } from '../account/form.ts'
import type { PageContext, PageEnv } from '../account/page-env.ts'

/** Each is in the audit log, by the one hook here. */
export const operatorCommands = new Hono<PageEnv>()
  .use('/operator/*', async (c, next) => {
    const { context, services } = c.env
    const { actor } = await authenticate(admin, context, '', services)
    const action = c.req.path.slice(1).replaceAll('/', '.')
    const about = { actor, action, input: await jsonBody(c) }
    await audited(about, context, services, async () => {
      await next()
      if (c.error) throw c.error
    })
  })
  /** `{account, quota?}` in; what it uses, and the limits that are set for it, out. */
  .post('/operator/quota', async (c) => {
    const { services } = c.env
    const { account, quota } = await jsonBody(c)
    const { did, handle } = await accountOf(c, account)
    const set =
      quota && typeof quota === 'object'
        ? await services.accounts.setQuota(did, quota as Record<string, unknown>)
        : await services.account(did).quota.override()
    return c.json({ did, handle, set, usage: await services.account(did).profile.usage() })
  })
  /** `{account}` in, `{did, handle, email}` out. */
  .post('/operator/account', async (c) => {
    const { did, handle, email } = await accountOf(c, (await jsonBody(c)).account)
    return c.json({ did, handle, email })
  })
  /** `{account, purpose}` in; a token for its owner, who gets no mail, out: `{did, handle, token, until, url?}`. */
  .post('/operator/token', async (c) => {
    const { account, purpose } = await jsonBody(c)
    if (purpose !== 'reset_password' && purpose !== 'plc_operation') {
      throw new InvalidRequestError('The purpose is "reset_password" or "plc_operation"')
    }
    const { did, handle } = await accountOf(c, account)
    const made = await c.env.services.mail.handOutToken(did, purpose)
    return c.json({ did, handle, ...made })
  })
  /** `{account}` in; its address, which is confirmed now, out: `{did, handle, email}`. */
  .post('/operator/confirm-address', async (c) => {
    const { did, handle } = await accountOf(c, (await jsonBody(c)).account)
    const email = await c.env.services.mail.confirmAddress(did)
    return c.json({ did, handle, email })
  })
  .notFound((c) => c.json({ error: 'NotFound', message: `nothing at ${c.req.path}` }, 404))
  .onError((error, c) => {
    if (isInternal(error)) c.env.services.log.error('request failed', error, { path: c.req.path })
    return errorResponse(error)
  })

/** @throws InvalidRequestError */
async function accountOf(c: PageContext, typed: unknown) {
  const found = await c.env.services.accounts.findByIdentifier(textOf(typed))
  if (found) return found
  throw new InvalidRequestError(`There is no account ${textOf(typed)} on this host`)
}
