import { InvalidRequestError } from '@atproto/xrpc-server'
import { MAX_ROTATION_KEYS, type PlcService, type PlcState } from '../identity/plc-operation.ts'

/** What an identity gets from the host that the account moves to. */
export interface NewHome {
  /** Rotation keys of the old host, which go. */
  leaving: readonly string[]
  /** Rotation keys of the owner and of the operator, which stand above all others. */
  first: readonly string[]
  /** The rotation key of the new host; it stands last. */
  own: string
  /** URI of the handle. */
  alias: string
  signingKey: string
  service: PlcService
}

/**
 * What an identity (did:plc) becomes: of the new host what it needs, of the owner everything else.
 *
 * @throws InvalidRequestError when it would have more rotation keys than it may
 */
export function movedState(now: PlcState, home: NewHome): PlcState {
  const { leaving, first, own, alias, signingKey, service } = home
  const extra = now.rotationKeys.filter((key) => !leaving.includes(key) && key !== own)
  const rotationKeys = [...new Set([...first, ...extra, own])]
  if (rotationKeys.length > MAX_ROTATION_KEYS) {
    throw new InvalidRequestError(
      `The identity would have ${rotationKeys.length} rotation keys, and may have ${MAX_ROTATION_KEYS}: take one of your own out at the old host first`,
    )
  }
  return {
    rotationKeys,
    verificationMethods: { ...now.verificationMethods, atproto: signingKey },
    alsoKnownAs: [alias, ...now.alsoKnownAs.filter((other) => !other.startsWith('at://'))],
    services: { ...now.services, atproto_pds: service },
  }
}
