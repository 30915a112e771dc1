/**
 * Links with which a passkey is registered without a password, for whoever the operator gives one to: made by
 * `npx cumulus passkey`, good for one passkey within 15 minutes. The token stands behind the `#` of the link.
 */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import { audited } from '../../../server/audit.ts'
import { authenticate } from '../../../server/auth/authenticate.ts'
import { adminPassword } from '../../../server/auth/policy.ts'
import { checkPasskeyName } from '../../../services/factors/passkeys.ts'
import { SETTINGS } from '../../layout.ts'
import { accountNamed, jsonBody, textOf } from '../form.ts'
import { limitSignIn } from '../limits.ts'
import type { PageContext, PageEnv } from '../page-env.ts'
import { linkPage } from '../sign-in-page.ts'

export const passkeyLink = new Hono<PageEnv>()
  .get('/passkey', (c) => c.html(linkPage(c.env.services.config)))
  /** For the operator: `{account}` in, `{url, handle}` out. */
  .post('/passkey/link', async (c) => {
    const { services, context } = c.env
    const { actor } = await authenticate(adminPassword, context, '', services)
    const { did, handle } = await accountNamed(textOf((await jsonBody(c)).account), services)
    const about = { actor, action: 'console.passkeyLink', input: { account: did } }
    const token = await audited(about, context, services, () =>
      services.account(did).passkeys.createLink(),
    )
    const url = `${services.config.publicUrl}${SETTINGS}/passkey#${encodeURIComponent(did)}/${token}`
    return c.json({ url, handle })
  })
  .post('/passkey/options', async (c) => {
    const { did, token } = await readLink(c, await jsonBody(c))
    const options = await c.env.services.account(did).passkeys.beginRegistration(token)
    return c.body(options, 200, { 'content-type': 'application/json' })
  })
  .post('/passkey', async (c) => {
    const body = await jsonBody(c)
    const { did, token } = await readLink(c, body)
    const name = checkPasskeyName(textOf(body.name))
    const answer = JSON.stringify(body.answer ?? null)
    const { services } = c.env
    await services.account(did).passkeys.register(name, answer, token)
    services.mail.tell(did, { kind: 'passkey added', name })
    return c.json({})
  })

/** @throws InvalidRequestError, RateLimitError */
async function readLink(c: PageContext, body: Readonly<Record<string, unknown>>) {
  const did = textOf(body.did)
  const token = textOf(body.token)
  await limitSignIn(c, did)
  if (token === '' || !did.startsWith('did:') || !(await c.env.services.accounts.find(did))) {
    throw new InvalidRequestError(
      'This link is not complete. Open it again as it was given to you.',
    )
  }
  return { did, token }
}
