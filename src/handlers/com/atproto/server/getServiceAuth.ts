import { InvalidRequestError } from '@atproto/xrpc-server'
import { define, errors } from '#lex/com/atproto/server/getServiceAuth'
import { assertMayRequest } from '#src/proxy/delegation.ts'
import { isCanonicalNsid } from '#src/routing/nsid.ts'
import { sessionEvenTakendown } from '#src/server/auth/policy.ts'
import { isAtprotoDid } from '#src/services/identity/atproto-did.ts'

/** Lifetimes of tokens in seconds: at most, and at most of one that is good for any method. */
const HOUR = 3600
const MINUTE = 60

/** A token with which the caller proves to another service who it is. */
export default define({
  auth: sessionEvenTakendown,
  oauth: ({ params }) => [{ rpc: params.lxm ?? '*', aud: params.aud }],
  async handler({ params, auth, services }) {
    const { aud, exp, lxm = null } = params
    const [did = '', ...service] = aud.split('#')
    if (!isAtprotoDid(did) || service.length > 1 || service[0] === '') {
      throw new InvalidRequestError('aud must be a DID, or a DID and the id of a service')
    }
    if (lxm !== null && !isCanonicalNsid(lxm)) {
      throw new InvalidRequestError('lxm must be the NSID of a method, its domain in small letters')
    }
    if (exp !== undefined) assertLifetime(exp - Date.now() / 1000, lxm)
    assertMayRequest(auth.scope, lxm)
    // Who moves away needs one of these.
    const publishes = lxm !== 'com.atproto.server.createAccount'
    const input = { aud, lxm, exp, session: auth.session, publishes }
    return { token: await services.account(auth.did).serviceTokens.sign(input) }
  },
})

/** @param seconds from now */
function assertLifetime(seconds: number, lxm: string | null): void {
  if (seconds < 0) throw errors.BadExpiration('expiration is in past')
  if (seconds > HOUR) {
    throw errors.BadExpiration(
      'cannot request a token with an expiration more than an hour in the future',
    )
  }
  if (lxm === null && seconds > MINUTE) {
    throw errors.BadExpiration(
      'cannot request a method-less token with an expiration more than a minute in the future',
    )
  }
}
