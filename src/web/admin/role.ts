/** Who has the operator's password says which accounts are operators. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { Services } from '../../context/services.ts'
import { audited } from '../../server/audit.ts'
import { authenticate } from '../../server/auth/authenticate.ts'
import { adminPassword } from '../../server/auth/policy.ts'
import { accountNamed, jsonBody, textOf } from '../account/form.ts'
import type { PageContext } from '../account/page-env.ts'

/** `{account, role}` in, `{did, handle, role}` out; the role is `operator` or `none`. */
export async function setRole(c: PageContext): Promise<Response> {
  const { services, context } = c.env
  const { actor } = await authenticate(adminPassword, context, '', services)
  const { account, role } = await jsonBody(c)
  if (role !== 'operator' && role !== 'none') {
    throw new InvalidRequestError('The role is "operator" or "none"')
  }
  const { did, handle } = await accountNamed(textOf(account), services)
  const input = { account: did, role }
  await audited({ actor, action: 'console.setRole', input }, context, services, async () => {
    if (role === 'operator') await assertHasFactor(did, handle, services)
    await services.directory.roles.set(did, role === 'operator' ? role : null)
  })
  return c.json({ did, handle, role })
}

/** Whoever gets the role by a password alone could add a passkey of their own. @throws InvalidRequestError */
async function assertHasFactor(did: string, handle: string, { account, config }: Services) {
  const { factors, passkeys } = account(did)
  const [{ totp }, { length }] = await Promise.all([factors.get(), passkeys.list()])
  if (totp || length > 0) return
  throw new InvalidRequestError(
    `@${handle} has neither a passkey nor an authenticator app, with which operators sign in: ` +
      `its owner adds one at ${config.publicUrl}/settings first`,
  )
}
