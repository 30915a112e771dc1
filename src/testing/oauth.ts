/** Apps with OAuth tokens, for tests in workerd: as if somebody had signed in to them. */

import { env } from 'cloudflare:workers'
import { DpopNonce } from '@atproto/oauth-provider/verifier'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { hostObjects } from '../services/objects/stubs.ts'
// Loaded once, ahead of requests: here, requests that load the same file at the same time wait for each other.
import '../server/auth/oauth-token.ts'
import { hashOf, nonceSecret, signingSecret } from '../server/auth/oauth-secrets.ts'

const ISSUER = 'http://localhost:2583'
const HOUR = 60 * 60 * 1000

export interface ConnectedApp {
  accessToken: string
  /** Id of the token, as the OAuthObject knows it. */
  tokenId: string
  /** A proof for one request (RFC 9449, 4.2); with `nonce`, that one and not the current one. */
  prove(method: string, path: string, claims?: Record<string, unknown>): Promise<string>
}

/** Gives an app a token for an account. @param scope permission sets are not expanded */
export async function connectApp(did: string, scope: string): Promise<ConnectedApp> {
  const config = { jwtSecret: env.PDS_JWT_SECRET ?? '' }
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(publicKey)
  const jkt = await calculateJwkThumbprint(jwk)
  const tokenId = `tok-${crypto.randomUUID().replaceAll('-', '')}`
  const now = Date.now()
  await hostObjects(env).oauth.tokens.create(
    tokenId,
    {
      did,
      clientId: 'http://localhost',
      clientAuth: '{"method":"none"}',
      deviceId: null,
      parameters: JSON.stringify({ dpop_jkt: jkt }),
      scope,
      codeHash: null,
      createdAt: now,
      updatedAt: now,
      expiresAt: now + HOUR,
      endsAt: now + 2 * HOUR,
    },
    null,
    await hostObjects(env).oauth.accounts.epoch(did),
  )
  const accessToken = await new SignJWT({ cnf: { jkt }, client_id: 'http://localhost' })
    .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: 'access-token' })
    .setIssuer(ISSUER)
    .setSubject(did)
    .setAudience('did:web:localhost')
    .setJti(tokenId)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(signingSecret(config))
  return {
    accessToken,
    tokenId,
    prove: (method, path, claims = {}) =>
      new SignJWT({
        htm: method,
        htu: `${ISSUER}${path}`,
        nonce: new DpopNonce(nonceSecret(config)).next(),
        ath: hashOf(accessToken),
        jti: crypto.randomUUID(),
        ...claims,
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
        .setIssuedAt()
        .sign(privateKey),
  }
}
