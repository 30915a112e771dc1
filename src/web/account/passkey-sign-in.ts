/** Who has signed in with a passkey, on any of the pages. */
import { AuthRequiredError } from '@atproto/xrpc-server'
import { beginEpoch } from '../../oauth/store/epochs.ts'
import { readAnswer } from '../../services/factors/passkeys.ts'
import { limitPasskey } from './limits.ts'
import type { PageContext } from './page-env.ts'

/** A browser's answer, and whose it says it is. */
export interface PasskeyAnswer {
  did: string
  /** Of the passkey. */
  id: string
  /** The answer, as JSON text. */
  json: string
}

/**
 * Finds the account that a passkey says it is of; that it is, the account's object has yet to check.
 *
 * @param identifier what stands in the field for the handle: for a passkey that cannot hold its DID
 * @throws AuthRequiredError; InvalidRequestError `InvalidPasskey`; XRPCError `RateLimitExceeded`
 */
export async function findPasskey(
  c: PageContext,
  answer: unknown,
  identifier: string,
): Promise<PasskeyAnswer> {
  await limitPasskey(c)
  const json = JSON.stringify(answer ?? null)
  const { id, did } = readAnswer(json)
  const account = await c.env.services.accounts.findByIdentifier(did ?? identifier)
  if (account) return { did: account.did, id, json }
  throw new AuthRequiredError(
    did ? 'This passkey is not known here' : 'Type your handle above, then use the passkey',
  )
}

/** As `findPasskey`, with the account's own check. @throws as `PasskeysRpc.authenticate`, too */
export async function authenticateByPasskey(
  c: PageContext,
  answer: unknown,
  identifier: string,
): Promise<{ did: string }> {
  const { did, id, json } = await findPasskey(c, answer, identifier)
  await beginEpoch(c.env.services, did)
  await c.env.services.account(did).passkeys.authenticate(id, json)
  return { did }
}
