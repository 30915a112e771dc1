/** Operations on the did:plc identities of accounts of this host. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { handleUri, type PlcOperation, pdsService } from '../identity/plc-operation.ts'
import type { AccountDependencies } from './dependencies.ts'

/**
 * Checks an operation before it is submitted: with an error in it, the account would be cut off from this
 * host, and perhaps from its owner.
 *
 * @throws InvalidRequestError
 */
export async function assertKeepsAccountHere(
  dependencies: AccountDependencies,
  did: string,
  operation: PlcOperation,
): Promise<void> {
  const { rotationKeys, services, verificationMethods, alsoKnownAs } = operation
  const rotationKey = dependencies.plc.rotationDidKey()
  if (!rotationKeys.includes(rotationKey)) {
    throw new InvalidRequestError(
      `Rotation keys do not include server's rotation key: add ${rotationKey}`,
    )
  }
  const { type, endpoint } = pdsService(dependencies.config.publicUrl)
  if (services.atproto_pds?.type !== type) {
    throw new InvalidRequestError('Incorrect type on atproto_pds service')
  }
  if (services.atproto_pds.endpoint !== endpoint) {
    throw new InvalidRequestError('Incorrect endpoint on atproto_pds service')
  }
  const [{ handle }, key] = await Promise.all([
    dependencies.lookup.get(did),
    dependencies.objects.account(did).keys.publicKey(),
  ])
  if (verificationMethods.atproto !== key) {
    throw new InvalidRequestError('Incorrect signing key')
  }
  if (alsoKnownAs[0] !== handleUri(handle)) {
    throw new InvalidRequestError('Incorrect handle in alsoKnownAs')
  }
}
