/** What commands ask of a running host, with the credentials of the policy `admin`: JSON in, JSON out. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import { authenticate } from '../../server/auth/authenticate.ts'
import { admin, adminPassword } from '../../server/auth/policy.ts'
import { errorResponse, isInternal } from '../../server/xrpc/answer.ts'
import { checkEmail } from '../../services/accounts/email-address.ts'
import type { SignUpPlace } from '../../storage/directory/sign-up-queue.ts'
import { jsonBody, textOf } from '../account/form.ts'
import { accountCommands } from './accounts.ts'
import { backupCommands } from './backup.ts'
import { accountOf, asOperator, type CommandEnv } from './command-context.ts'
import { hookCommands } from './hooks.ts'
import { hostCommands } from './host.ts'
import { identityCommands } from './identity.ts'
import { jobCommands } from './jobs.ts'
import { restoreCommands } from './restore.ts'
import { secretCommands } from './secrets.ts'
import { webhookCommands } from './webhooks.ts'

/** Sign-ups in one answer. */
const PAGE = 100

/**
 * What gives power over identities or accounts for good, a backup with everybody's password hashes included: not by the
 * session of an account with the role. With all that is below.
 */
const PASSWORD_ONLY = [
  '/operator/secrets',
  '/operator/identity/sign',
  '/operator/identity/recovery-key',
  '/operator/app-passwords/create',
  '/operator/backup',
  '/operator/restore',
]

const takesPassword = (path: string): boolean =>
  PASSWORD_ONLY.some((known) => path === known || path.startsWith(`${known}/`))

export const operatorCommands = new Hono<CommandEnv>()
  .use('/operator/*', async (c, next) => {
    const policy = takesPassword(c.req.path) ? adminPassword : admin
    const { actor } = await authenticate(policy, c.env.context, '', c.env.services)
    c.set('actor', actor)
    await next()
  })
  .route('/', hostCommands)
  /** `{account, quota?}` in; what it uses, and the limits that are set for it, out. */
  .post('/operator/quota', async (c) => {
    const { services } = c.env
    const { account, quota } = await jsonBody(c)
    const { did, handle } = await accountOf(c, account)
    const set =
      quota && typeof quota === 'object'
        ? await asOperator(c, 'set quota', { did, quota: JSON.stringify(quota) }, () =>
            services.accounts.setQuota(did, quota as Record<string, unknown>),
          )
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
    const made = await asOperator(c, `token ${purpose}`, { did }, () =>
      c.env.services.mail.handOutToken(did, purpose),
    )
    return c.json({ did, handle, ...made })
  })
  /** `{account}` in; its address, which is confirmed now, out: `{did, handle, email}`. */
  .post('/operator/confirm-address', async (c) => {
    const { did, handle } = await accountOf(c, (await jsonBody(c)).account)
    const email = await asOperator(c, 'confirm address', { did }, () =>
      c.env.services.mail.confirmAddress(did),
    )
    return c.json({ did, handle, email })
  })
  /** `{after?: {since, did}}` in; the next hundred sign-ups that wait, the oldest first, out: `{waiting, total}`. */
  .post('/operator/sign-ups', async (c) => {
    const { after } = await jsonBody(c)
    const { waiting, total } = await c.env.services.signUps.list(PAGE, placeOf(after))
    const shown = waiting.map(({ genesis: _, ...signUp }) => signUp)
    return c.json({ waiting: shown, total })
  })
  /** `{account}` in. */
  .post('/operator/sign-ups/approve', async (c) => {
    const found = await accountOf(c, (await jsonBody(c)).account)
    await asOperator(c, 'approve sign-up', { did: found.did }, () =>
      c.env.services.signUps.approve(found.did),
    )
    // Its identity may have been looked for, and not found, while it waited.
    c.env.services.accounts.invalidate(found.did)
    return c.json({ did: found.did, handle: found.handle })
  })
  /** `{account, reason?}` in. */
  .post('/operator/sign-ups/refuse', async (c) => {
    const { account, reason } = await jsonBody(c)
    const found = await accountOf(c, account)
    const { did } = found
    await asOperator(c, 'refuse sign-up', { did, reason: textOf(reason) }, () =>
      c.env.services.signUps.refuse(did, textOf(reason)),
    )
    c.env.services.accounts.invalidate(found.did)
    return c.json({ did: found.did, handle: found.handle })
  })
  /** `{address}` in: a test is queued, and leaves the way that is set. */
  .post('/operator/mail-test', async (c) => {
    const email = checkEmail(textOf((await jsonBody(c)).address))
    await asOperator(c, 'mail test', { email }, () => c.env.services.mail.sendTest(email))
    return c.json({ email, from: c.env.services.config.mailFrom })
  })
  /** `{after?}` in: names with a rule out. `{name, rule}` in: sets it, `null` for the default. */
  .post('/operator/handles', async (c) => {
    const { name, rule, after } = await jsonBody(c)
    const { accounts } = c.env.services
    if (name === undefined) return c.json({ rules: await accounts.listHandleRules(textOf(after)) })
    if (rule !== 'reserved' && rule !== 'free' && rule !== null) {
      throw new InvalidRequestError('rule must be "reserved", "free" or null')
    }
    await asOperator(c, 'rule handle', { handle: textOf(name), rule }, () =>
      accounts.setHandleRule(textOf(name), rule),
    )
    return c.json({})
  })
  .route('/', secretCommands)
  .route('/', identityCommands)
  .route('/', accountCommands)
  .route('/', backupCommands)
  .route('/', restoreCommands)
  .route('/', hookCommands)
  .route('/', jobCommands)
  .route('/', webhookCommands)
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
