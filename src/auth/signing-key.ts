import { hash } from 'node:crypto'
import { formatDidKey, type Keypair, SECP256K1_JWT_ALG } from '@atproto/crypto'
import { secp256k1 } from '@noble/curves/secp256k1'

/**
 * The key an account signs with: secp256k1 (cryptography specification). Signing is synchronous, so that
 * a commit can be read, built, signed and stored in one go, with nothing in between.
 */
export class SigningKey implements Keypair {
  readonly jwtAlg = SECP256K1_JWT_ALG
  readonly #private: Uint8Array
  readonly #did: string

  private constructor(privateKey: Uint8Array) {
    this.#private = privateKey
    this.#did = formatDidKey(this.jwtAlg, secp256k1.getPublicKey(privateKey))
  }

  static generate(): SigningKey {
    return new SigningKey(secp256k1.utils.randomPrivateKey())
  }

  static fromBytes(privateKey: Uint8Array): SigningKey {
    return new SigningKey(privateKey)
  }

  /** The private key, 32 bytes, to be sealed before it is stored. */
  toBytes(): Uint8Array {
    return this.#private
  }

  /** did:key of the public key. */
  did(): string {
    return this.#did
  }

  /** @returns 64 bytes, low-S */
  signSync(message: Uint8Array): Uint8Array {
    const digest = hash('sha256', message, 'buffer')
    return secp256k1.sign(digest, this.#private, { lowS: true }).toCompactRawBytes()
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    return this.signSync(message)
  }
}
