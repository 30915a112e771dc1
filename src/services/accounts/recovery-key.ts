/** A key with which the owner of a did:plc can undo what this host signs. */
import { parseDidKey } from '@atproto/crypto'
import { InvalidRequestError } from '@atproto/xrpc-server'
import { MAX_ROTATION_KEYS, parseOperation } from '../identity/plc-operation.ts'
import type { AccountDependencies } from './dependencies.ts'

/**
 * Puts a key above the host's among the rotation keys of an identity, and below those that stand above the host's
 * already (did:plc specification, Key Rotation & Account Recovery). The caller makes sure that it is the owner who asks.
 *
 * @param key did:key of a P-256 or secp256k1 key
 * @throws InvalidRequestError when it is no such key, is there already, or there is no room; XRPCError as
 *   `ProfileRpc.assertMayPublish`; PlcError
 */
export async function addRecoveryKey(
  { plc, objects }: Pick<AccountDependencies, 'plc' | 'objects'>,
  did: string,
  key: string,
): Promise<void> {
  if (!did.startsWith('did:plc:')) {
    throw new InvalidRequestError('This account does not have a did:plc')
  }
  assertKey(key)
  await objects.account(did).profile.assertMayPublish()
  const own = plc.rotationDidKey()
  const signingKey = await objects.account(did).keys.publicKey()
  if (plc.ownDidKeys().includes(key) || key === signingKey) {
    throw new InvalidRequestError('This is a key of the host: a recovery key is in your hands only')
  }
  const operation = await plc.nextOperation(did, (state) => {
    const { rotationKeys } = state
    const place = rotationKeys.indexOf(own)
    if (place < 0) {
      throw new InvalidRequestError('This host holds none of the keys of the identity')
    }
    if (rotationKeys.slice(0, place).includes(key)) {
      throw new InvalidRequestError('This key stands above that of the host already')
    }
    const others = rotationKeys.filter((known) => known !== key)
    if (others.length >= MAX_ROTATION_KEYS) {
      throw new InvalidRequestError(`An identity has at most ${MAX_ROTATION_KEYS} rotation keys`)
    }
    return { ...state, rotationKeys: others.toSpliced(place, 0, key) }
  })
  await plc.submit(did, parseOperation(operation))
}

/** @throws InvalidRequestError */
function assertKey(key: string): void {
  try {
    parseDidKey(key)
  } catch (cause) {
    const message = 'A recovery key is a did:key of a P-256 or secp256k1 public key'
    throw new InvalidRequestError(message, 'InvalidRequest', { cause })
  }
}
