/** How the provider looks at what apps sign: with which keys, and by which clock. */
import type { OAuthHooks } from '@atproto/oauth-provider/hooks'
import type { OAuthProvider } from '@atproto/oauth-provider/provider'

/** How far an app's clock may be from this host's, in seconds. */
const CLOCK_TOLERANCE = 30

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

/** What the provider's class `Client` keeps to itself. */
interface Verifier {
  jwtVerify(token: string, options?: object): Promise<unknown>
}

/**
 * Makes the provider take assertions and request objects of apps whose clock is not quite right; without this, one
 * whose `iat` is a second ahead is refused. `replayStore` remembers them for long enough.
 */
export function tolerateClocks(clients: OAuthProvider['clientManager']): void {
  const getClient = clients.getClient.bind(clients)
  clients.getClient = async (clientId) => {
    const client = await getClient(clientId)
    const verifier = client as unknown as Verifier
    const verify = verifier.jwtVerify.bind(client)
    verifier.jwtVerify = (token, options) =>
      verify(token, { clockTolerance: CLOCK_TOLERANCE, ...options })
    return client
  }
}
