/** The part of the provider that looks at proofs and tokens; light, since it is asked with each request. */
import { JoseKey } from '@atproto/jwk-jose'
import type { OAuthVerifierOptions } from '@atproto/oauth-provider/verifier'
import type { Config } from '../../kernel/config/config.ts'
import { nonceSecret, signingSecret } from './oauth-secrets.ts'

/** What the server that gives out tokens and the one that takes them must agree on. */
export async function verifierOptions(
  config: Config,
): Promise<Pick<OAuthVerifierOptions, 'issuer' | 'keyset' | 'dpopSecret'>> {
  const k = Buffer.from(signingSecret(config)).toString('base64url')
  return {
    issuer: config.publicUrl,
    keyset: [await JoseKey.fromJWK({ kty: 'oct', alg: 'HS256', k, kid: 'access-token' })],
    dpopSecret: nonceSecret(config),
  }
}
