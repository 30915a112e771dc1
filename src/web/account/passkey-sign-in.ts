/** Who has signed in with a passkey, on any of the pages. */
import { AuthRequiredError } from '@atproto/xrpc-server'
import type { App } from '../../app.ts'
import { enforceLimits } from '../../server/limits/enforce.ts'
import { signInLimits } from '../../server/limits/policy.ts'
import { findByIdentifier } from '../../services/accounts/identifier.ts'
import { readAnswer } from '../../services/factors/passkeys.ts'
import { unwrap } from '../../services/objects/result.ts'

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
  app: App,
  answer: unknown,
  identifier: string,
): Promise<PasskeyAnswer> {
  const input = { identifier: 'passkey' }
  await enforceLimits(signInLimits, { auth: undefined, input }, app)
  const json = JSON.stringify(answer ?? null)
  const { id, did } = readAnswer(json)
  const resident = await findByIdentifier(app, did ?? identifier)
  if (resident) return { did: resident.did, id, json }
  throw new AuthRequiredError(
    did ? 'This passkey is not known here' : 'Type your handle above, then use the passkey',
  )
}

/** As `findPasskey`, with the account's own check. @throws as `authenticatePasskey`, too */
export async function authenticateByPasskey(
  app: App,
  answer: unknown,
  identifier: string,
): Promise<{ did: string }> {
  const { did, id, json } = await findPasskey(app, answer, identifier)
  unwrap(await app.account(did).authenticatePasskey(id, json))
  return { did }
}
