/** What commands ask of a running host, with the operator's password: JSON in, JSON out. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import { authenticate } from '../../server/auth/authenticate.ts'
import { admin } from '../../server/auth/policy.ts'
import { errorResponse, isInternal } from '../../server/xrpc/answer.ts'
import type { SignUpPlace } from '../../storage/directory/sign-up-queue.ts'
import { jsonBody, textOf } from '../account/form.ts'
import type { PageContext, PageEnv } from '../account/page-env.ts'

/** Sign-ups in one answer. */
const PAGE = 100

export const operatorCommands = new Hono<PageEnv>()
  .use('/operator/*', async (c, next) => {
    await authenticate(admin, c.env.context, '', c.env.services)
    await next()
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
  /** `{cursor?}` in; the oldest hundred sign-ups that wait out. */
  .post('/operator/sign-ups', async (c) => {
    const { after } = await jsonBody(c)
    const { waiting, total } = await c.env.services.signUps.list(PAGE, placeOf(after))
    const shown = waiting.map(({ genesis: _, ...signUp }) => signUp)
    return c.json({ waiting: shown, total })
  })
  /** `{account}` in. */
  .post('/operator/sign-ups/approve', async (c) => {
    const found = await accountOf(c, (await jsonBody(c)).account)
    await c.env.services.signUps.approve(found.did)
    return c.json({ did: found.did, handle: found.handle })
  })
  /** `{account, reason?}` in. */
  .post('/operator/sign-ups/refuse', async (c) => {
    const { account, reason } = await jsonBody(c)
    const found = await accountOf(c, account)
    await c.env.services.signUps.refuse(found.did, textOf(reason))
    c.env.services.accounts.invalidate(found.did)
    return c.json({ did: found.did, handle: found.handle })
  })
  /** `{after?}` in: names with a rule out. `{name, rule}` in: sets it, `null` for the default. */
  .post('/operator/handles', async (c) => {
    const { name, rule, after } = await jsonBody(c)
    const { accounts } = c.env.services
    if (name === undefined) return c.json({ rules: await accounts.listHandleRules(textOf(after)) })
    if (rule !== 'reserved' && rule !== 'free' && rule !== null) {
      throw new InvalidRequestError('rule must be "reserved", "free" or null')
    }
    await accounts.setHandleRule(textOf(name), rule)
    return c.json({})
  })
  .notFound((c) => c.json({ error: 'NotFound', message: `nothing at ${c.req.path}` }, 404))
  .onError((error, c) => {
    if (isInternal(error)) c.env.services.log.error('request failed', error, { path: c.req.path })
    return errorResponse(error)
  })

/** Where a listing goes on: after the last sign-up of the page before. */
function placeOf(after: unknown): SignUpPlace | undefined {
  if (!after || typeof after !== 'object') return undefined
  const { since, did } = after as Record<string, unknown>
  return typeof since === 'number' && typeof did === 'string' ? { since, did } : undefined
}

/** @throws InvalidRequestError */
async function accountOf(c: PageContext, typed: unknown) {
  const found = await c.env.services.accounts.findByIdentifier(textOf(typed))
  if (found) return found
  throw new InvalidRequestError(`There is no account ${textOf(typed)} on this host`)
}
