import { P256_JWT_ALG, parseDidKey, SECP256K1_JWT_ALG } from '@atproto/crypto'

/** Whether `didKey` is a did:key of a curve that the network accepts. */
export function isKey(didKey: string): boolean {
  try {
    const { jwtAlg } = parseDidKey(didKey)
    return jwtAlg === P256_JWT_ALG || jwtAlg === SECP256K1_JWT_ALG
  } catch {
    return false
  }
}
