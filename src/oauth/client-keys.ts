/** The keys with which apps sign what they say to the provider. */
import type { OAuthHooks } from '@atproto/oauth-provider/hooks'

/**
 * Runs before the provider makes a client. WebCrypto takes a key for nothing but what its algorithm can do, and the
 * official client library publishes signing keys with `"key_ops": ["verify", "encrypt", "wrapKey"]`. Here a key only
 * verifies, so no more is said of it. A key that is not for that stays unusable.
 */
export const readClientKeys: NonNullable<OAuthHooks['getClientInfo']> = (
  _clientId,
  { metadata, jwks = metadata.jwks },
) => {
  for (const key of jwks?.keys ?? []) {
    if (key.key_ops?.includes('verify')) Object.assign(key, { key_ops: ['verify'] })
  }
  return undefined
}
