/** The part of the provider that looks at proofs and tokens; light, since it is asked with each request. */
import { JoseKey } from '@atproto/jwk-jose'
import type { OAuthVerifierOptions } from '@atproto/oauth-provider/verifier'
import type { Config } from '../../kernel/config/config.ts'
import { jwtSecrets } from '../../kernel/config/secret-settings.ts'
import { hashOf, nonceSecret, signingSecret } from './oauth-secrets.ts'

/** What the server that gives out tokens and the one that takes them must agree on. */
export async function verifierOptions(
  config: Config,
): Promise<Pick<OAuthVerifierOptions, 'issuer' | 'keyset' | 'dpopSecret'>> {
  const [own, ...others] = await Promise.all(jwtSecrets(config).map(keyOf))
  return {
    issuer: config.publicUrl,
    // The first signs.
    keyset: [own, ...others, await keyOf(config.jwtSecret, OLDER_KID)],
    dpopSecret: nonceSecret(config),
  }
}

/** Stands in tokens that an earlier release has signed, whatever the secret. */
const OLDER_KID = 'access-token'

/** The key with which access tokens are signed under a secret; its id tells it from those of other secrets. */
async function keyOf(jwtSecret: string, kid: unknown = undefined): Promise<JoseKey> {
  const secret = signingSecret({ jwtSecret })
  const k = Buffer.from(secret).toString('base64url')
  const id = typeof kid === 'string' ? kid : `access-token-${hashOf(k).slice(0, 8)}`
  return JoseKey.fromJWK({ kty: 'oct', alg: 'HS256', k, kid: id })
}
