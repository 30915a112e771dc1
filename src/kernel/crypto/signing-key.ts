import { hash } from 'node:crypto'
import { formatDidKey, type Keypair, P256_JWT_ALG, SECP256K1_JWT_ALG } from '@atproto/crypto'
import { p256 } from '@noble/curves/nist'
import { secp256k1 } from '@noble/curves/secp256k1'

/** Curves that the network accepts (cryptography specification). */
export type Curve = 'k256' | 'p256'

const CURVES = {
  k256: { functions: secp256k1, jwtAlg: SECP256K1_JWT_ALG },
  p256: { functions: p256, jwtAlg: P256_JWT_ALG },
} as const

/** Precedes the private key of a P-256 key at rest; one of secp256k1 stands alone. */
const P256_MARK = 2

/**
 * A key an account or the host signs with. Signing is synchronous, so that a commit can be read, built,
 * signed and stored in one go, with nothing in between.
 */
export class SigningKey implements Keypair {
  readonly jwtAlg: string
  readonly #curve: Curve
  readonly #private: Uint8Array
  readonly #did: string

  private constructor(privateKey: Uint8Array, curve: Curve) {
    this.#curve = curve
    this.#private = privateKey
    this.jwtAlg = CURVES[curve].jwtAlg
    this.#did = formatDidKey(this.jwtAlg, CURVES[curve].functions.getPublicKey(privateKey))
  }

  static generate(curve: Curve = 'k256'): SigningKey {
    return new SigningKey(CURVES[curve].functions.utils.randomPrivateKey(), curve)
  }

  /** Reads what `toBytes` gave; 32 bytes alone are a secp256k1 key. */
  static fromBytes(bytes: Uint8Array): SigningKey {
    return bytes.byteLength === 33 && bytes[0] === P256_MARK
      ? new SigningKey(bytes.slice(1), 'p256')
      : new SigningKey(bytes, 'k256')
  }

  /** The private key, to be sealed before it is stored. */
  toBytes(): Uint8Array {
    return this.#curve === 'k256' ? this.#private : new Uint8Array([P256_MARK, ...this.#private])
  }

  /** did:key of the public key. */
  did(): string {
    return this.#did
  }

  /** @returns 64 bytes, low-S */
  signSync(message: Uint8Array): Uint8Array {
    const digest = hash('sha256', message, 'buffer')
    return CURVES[this.#curve].functions
      .sign(digest, this.#private, { lowS: true })
      .toCompactRawBytes()
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    return this.signSync(message)
  }
}
