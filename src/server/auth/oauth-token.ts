/**
 * Requests with an OAuth access token (RFC 9449; OAuth specification, "Making Authorized Requests"). Imported
 * when the first one comes.
 */
import {
  InvalidDpopProofError,
  InvalidTokenError,
  OAuthError,
  WWWAuthenticateError,
} from '@atproto/oauth-provider/errors'
import { type DecodeTokenHook, OAuthVerifier } from '@atproto/oauth-provider/verifier'
import { ScopePermissionsTransition } from '@atproto/oauth-scopes'
import { XRPCError } from '@atproto/xrpc-server'
import type { OAuthCredentials } from '../../context/credentials.ts'
import type { RequestContext } from '../../context/request.ts'
import type { Services } from '../../context/services.ts'
import { hashOf } from './oauth-secrets.ts'
import { verifierOptions } from './oauth-verifier.ts'

/** Characters. What is kept of it is a hash. */
const MAX_JTI = 256

/** Not a promise: one request must not wait for another's. */
let verifier: OAuthVerifier | undefined

/**
 * Who an app is acting for: its token is one of ours and still works, and it holds the key that the token is
 * bound to, which it proves anew with each request.
 *
 * @throws XRPCError 401 `use_dpop_nonce`, `invalid_dpop_proof`, `invalid_token`
 */
export async function authenticateOAuth(
  { request, responseHeaders }: RequestContext,
  services: Services,
): Promise<OAuthCredentials> {
  const { config } = services
  const ours = verifier ?? (await makeVerifier(services))
  verifier = ours
  const nonce = ours.nextDpopNonce()
  if (nonce) responseHeaders.set('dpop-nonce', nonce)
  const { pathname } = new URL(request.url)
  const url = new URL(pathname, config.publicUrl)
  const authenticating = ours.authenticateRequest(request.method, url, headersOf(request), {
    audience: [config.serviceDid],
    scope: ['atproto'],
  })
  const { sub, scope, client_id, jti } = await authenticating.catch((error: unknown) => {
    if (error instanceof WWWAuthenticateError) {
      // What WebCrypto cannot verify is not promised.
      responseHeaders.set('www-authenticate', error.wwwAuthenticateHeader.replace(' ES256K', ''))
    }
    if (!(error instanceof OAuthError)) throw error
    throw new XRPCError(error.status, error.error_description, error.error, { cause: error })
  })
  return {
    type: 'oauth',
    did: sub,
    clientId: client_id ?? '',
    tokenId: jti,
    scope: 'oauth',
    session: null,
    permissions: new ScopePermissionsTransition(scope?.split(' ')),
  }
}

const headersOf = ({ headers }: Request) => ({
  authorization: headers.get('authorization') ?? undefined,
  dpop: headers.get('dpop') ?? undefined,
})

async function makeVerifier(services: Services): Promise<OAuthVerifier> {
  return new OAuthVerifier({
    ...(await verifierOptions(services.config)),
    // Looked up together with the token, in one round trip.
    replayStore: { unique: () => true },
    onDecodeToken: lookUpToken(services),
  })
}

/** The token is signed by us; whether it still works, and for what, the object knows. */
const lookUpToken =
  (services: Services): NonNullable<DecodeTokenHook> =>
  async ({ tokenType, payload, dpopProof }) => {
    if (!dpopProof) throw new InvalidDpopProofError('DPoP proof required')
    if (dpopProof.jti.length > MAX_JTI) throw new InvalidDpopProofError('DPoP jti is too long')
    const token = await services.oauth.tokens
      .authorize(payload.jti, hashOf(dpopProof.jti))
      .catch((error: unknown) => {
        if (!(error instanceof XRPCError)) throw error
        if (error.customErrorName === 'ProofReplayed')
          throw new InvalidDpopProofError(error.message)
        throw new InvalidTokenError(tokenType, error.message)
      })
    const { did, scope, jkt, clientId, expiresAt } = token
    if (jkt !== dpopProof.jkt || did !== payload.sub) {
      throw new InvalidTokenError(tokenType, 'Invalid token')
    }
    return {
      ...payload,
      scope: scope as typeof payload.scope,
      client_id: clientId as typeof payload.client_id,
      exp: Math.floor(expiresAt / 1000),
    }
  }
