import { InvalidRequestError } from '@atproto/xrpc-server'
import { keySecrets } from '../../kernel/config/secret-settings.ts'
import { decrypt } from '../../kernel/crypto/encrypt.ts'
import type { ReservedKey } from '../../storage/directory/reserved-keys.ts'
import { signingKeyOf } from '../identity/did-document.ts'
import type { AccountDependencies } from './dependencies.ts'
import { RESERVED_KEY } from './reserve-signing-key.ts'

/**
 * Gives an account another signing key: its identity names the new key, its head is signed anew, and the
 * network is told. A did:web that is served elsewhere must name the new key already.
 *
 * @throws InvalidRequestError; PlcError
 */
export async function changeSigningKey(
  dependencies: AccountDependencies,
  did: string,
  key: ReservedKey,
): Promise<void> {
  await dependencies.lookup.get(did)
  const bytes = await decrypt(keySecrets(dependencies.config), RESERVED_KEY, key.sealed)
  if (did.startsWith('did:web:') && !isServedHere(dependencies, did)) {
    const document = await dependencies.identity.did(did, { fresh: true })
    if (signingKeyOf(document) !== key.signingKey) {
      throw new InvalidRequestError(`The DID document must name the key ${key.signingKey} first`)
    }
  }
  await dependencies.objects.account(did).keys.rotate(bytes)
  await dependencies.objects.directory.keys.remove(key.signingKey)
}

const isServedHere = (dependencies: AccountDependencies, did: string): boolean =>
  dependencies.config.handleDomains.some((domain) => did.endsWith(domain))
