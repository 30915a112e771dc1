/**
 * Links with which a passkey is registered without a password, for whoever the operator gives one to: made by
 * `npm run passkey`, good for one passkey within 15 minutes. The token stands behind the `#` of the link.
 */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import type { App } from '../../../app.ts'
import { authenticate } from '../../../server/auth/authenticate.ts'
import { admin } from '../../../server/auth/policy.ts'
import { enforceLimits } from '../../../server/limits/enforce.ts'
import { signInLimits } from '../../../server/limits/policy.ts'
import { findByIdentifier } from '../../../services/accounts/identifier.ts'
import { checkPasskeyName } from '../../../services/factors/passkeys.ts'
import { unwrap } from '../../../services/objects/result.ts'
import { SETTINGS } from '../../layout.ts'
import { jsonBody, textOf } from '../form.ts'
import type { PageEnv } from '../page-env.ts'
import { linkPage } from '../sign-in-page.ts'

export const passkeyLink = new Hono<PageEnv>()
  .get('/passkey', (c) => c.html(linkPage(c.env.app.config.hostname)))
  /** For the operator: `{account}` in, `{url, handle}` out. */
  .post('/passkey/link', async (c) => {
    const { app } = c.env
    await authenticate(admin, c.req.raw, '', app)
    const account = textOf((await jsonBody(c)).account)
    const resident = await findByIdentifier(app, account)
    if (!resident) throw new InvalidRequestError(`There is no account ${account} on this host`)
    const { did, handle } = resident
    const token = unwrap(await app.account(did).makePasskeyLink())
    const url = `${app.config.publicUrl}${SETTINGS}/passkey#${encodeURIComponent(did)}/${token}`
    return c.json({ url, handle })
  })
  .post('/passkey/options', async (c) => {
    const { did, token } = await readLink(c.env.app, await jsonBody(c))
    const options = unwrap(await c.env.app.account(did).beginPasskey(token))
    return c.body(options, 200, { 'content-type': 'application/json' })
  })
  .post('/passkey', async (c) => {
    const body = await jsonBody(c)
    const { did, token } = await readLink(c.env.app, body)
    const name = checkPasskeyName(textOf(body.name))
    const answer = JSON.stringify(body.answer ?? null)
    unwrap(await c.env.app.account(did).addPasskey(name, answer, token))
    return c.json({})
  })

/** @throws InvalidRequestError, RateLimitError */
async function readLink(app: App, body: Readonly<Record<string, unknown>>) {
  const did = textOf(body.did)
  const token = textOf(body.token)
  await enforceLimits(signInLimits, { auth: undefined, input: { identifier: did } }, app)
  if (token === '' || !did.startsWith('did:') || !(await app.findResident(did))) {
    throw new InvalidRequestError(
      'This link is not complete. Open it again as it was given to you.',
    )
  }
  return { did, token }
}
