import { InvalidRequestError } from '@atproto/xrpc-server'
import type { App } from '../../app.ts'
import { unseal } from '../../kernel/crypto/seal.ts'
import type { ReservedKey } from '../../storage/directory/reserved-keys.ts'
import { signingKeyOf } from '../identity/did-document.ts'
import { unwrap } from '../objects/result.ts'
import { RESERVED_KEY } from './reserve-key.ts'

/**
 * Gives an account another signing key: its identity names the new key, its head is signed anew, and the
 * network is told. A did:web that is served elsewhere must name the new key already.
 *
 * @throws InvalidRequestError; PlcError
 */
export async function changeSigningKey(app: App, did: string, key: ReservedKey): Promise<void> {
  await app.getResident(did)
  const bytes = await unseal(app.config.keySecret, RESERVED_KEY, key.sealed)
  if (did.startsWith('did:web:') && !isServedHere(app, did)) {
    const document = await app.identity.did(did, { fresh: true })
    if (signingKeyOf(document) !== key.signingKey) {
      throw new InvalidRequestError(`The DID document must name the key ${key.signingKey} first`)
    }
  }
  unwrap(await app.account(did).changeKey(bytes))
  await app.directory.forgetKey(key.signingKey)
  app.forget(did)
}

const isServedHere = (app: App, did: string): boolean =>
  app.config.handleDomains.some((domain) => did.endsWith(domain))
