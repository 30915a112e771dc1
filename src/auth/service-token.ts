/** Service tokens of other hosts' accounts (atproto XRPC specification, Inter-Service Authentication). */
import { AuthRequiredError, verifyJwt } from '@atproto/xrpc-server'
import type { App } from '../app.ts'
import { signingKeyOf } from '../identity/did-document.ts'
import type { ServiceCredentials } from './policy.ts'

/**
 * Checks a token that an account signed for this host and this method. When the signature does not fit,
 * the account's DID document is looked up once more: its key may have changed.
 *
 * @throws AuthRequiredError `BadJwt`, `JwtExpired`, `BadJwtAudience`, ... as `verifyJwt` names them
 */
export async function verifyServiceToken(
  token: string,
  nsid: string,
  app: App,
): Promise<ServiceCredentials> {
  const { iss } = await verifyJwt(token, app.config.serviceDid, nsid, (did, fresh) =>
    signingKey(did, fresh, app),
  ).catch((error: unknown) => {
    // What is not even JSON.
    if (error instanceof SyntaxError) throw new AuthRequiredError('poorly formatted jwt', 'BadJwt')
    throw error
  })
  if (iss.includes('#')) throw new AuthRequiredError('the issuer must be an account', 'BadJwtIss')
  return { type: 'service', did: iss }
}

async function signingKey(did: string, fresh: boolean, app: App): Promise<string> {
  const document = await app.identity.did(did, { fresh }).catch((cause: unknown) => {
    throw new AuthRequiredError(`could not resolve ${did}`, 'UnresolvableDid', { cause })
  })
  const key = signingKeyOf(document)
  if (!key) throw new AuthRequiredError('the issuer has no signing key', 'BadJwtIss')
  return key
}
