import { InvalidRequestError } from '@atproto/xrpc-server'
import { MAX_ROTATION_KEYS, type PlcService, type PlcState } from '../identity/plc-operation.ts'

/** What an identity gets from the host that the account moves to. */
export interface NewHome {
  /** Rotation keys of the old host, which go. */
  leaving: readonly string[]
  /** The owner's own rotation key, which stands above all others. */
  recoveryKey: string | undefined
  /** Rotation keys of the new host; they stand last. */
  hostKeys: readonly string[]
  /** URI of the handle. */
  alias: string
  /** Added to those that there are, or put in their place. */
  verificationMethods: Readonly<Record<string, string>>
  services: Readonly<Record<string, PlcService>>
}

/**
 * What an identity (did:plc) becomes: of the new host what it needs, of the owner everything else.
 *
 * @throws InvalidRequestError when it would have more rotation keys than it may
 */
export function movedState(now: PlcState, home: NewHome): PlcState {
  const { leaving, recoveryKey, hostKeys, alias, verificationMethods, services } = home
  const extra = now.rotationKeys.filter((key) => !leaving.includes(key) && !hostKeys.includes(key))
  const rotationKeys = [
    ...new Set([...(recoveryKey === undefined ? [] : [recoveryKey]), ...extra, ...hostKeys]),
  ]
  if (rotationKeys.length > MAX_ROTATION_KEYS) {
    throw new InvalidRequestError(
      `The identity would have ${rotationKeys.length} rotation keys, and may have ${MAX_ROTATION_KEYS}: ${rotationKeys.join(', ')}. ` +
        'Take one of your own out at the old host first',
    )
  }
  return {
    rotationKeys,
    verificationMethods: { ...now.verificationMethods, ...verificationMethods },
    alsoKnownAs: [alias, ...now.alsoKnownAs.filter((other) => !other.startsWith('at://'))],
    services: { ...now.services, ...services },
  }
}
