/**
 * Stands in for `jose`: `@atproto/oauth-provider` and `@atproto/jwk-jose` each bring an older one of their own, which do the
 * same as this host's, so that the bundle would have it three times. What they use of it, and this host.
 */
import * as errors from 'jose/errors'

export { EmbeddedJWK } from 'jose/jwk/embedded'
export { calculateJwkThumbprint } from 'jose/jwk/thumbprint'
export { createLocalJWKSet } from 'jose/jwks/local'
export { createRemoteJWKSet } from 'jose/jwks/remote'
export { SignJWT } from 'jose/jwt/sign'
export { UnsecuredJWT } from 'jose/jwt/unsecured'
export { jwtVerify } from 'jose/jwt/verify'
export { exportJWK } from 'jose/key/export'
export { generateKeyPair } from 'jose/key/generate/keypair'
export { importJWK, importPKCS8 } from 'jose/key/import'
export { errors }
