import { formatDidKey, type Keypair, P256_JWT_ALG, SECP256K1_JWT_ALG } from '@atproto/crypto'
import { secp256k1 } from '@noble/curves/secp256k1'
import { sha256 } from '../sha256.ts'
import { P256Signer } from './p256-signer.ts'

/** Curves that the network accepts (cryptography specification). */
export type Curve = 'k256' | 'p256'

/** What signs, by curve. */
interface Signer {
  toBytes(): Uint8Array
  /** Compressed: 33 bytes. */
  publicKey(): Uint8Array
  sign(message: Uint8Array): Uint8Array
}

const JWT_ALG = { k256: SECP256K1_JWT_ALG, p256: P256_JWT_ALG } as const

/** Precedes the private key of a P-256 key at rest; one of secp256k1 stands alone. */
const P256_MARK = 2

/**
 * A key an account or the host signs with. Signing is synchronous, so that a commit can be read, built,
 * signed and stored in one go, with nothing in between.
 */
export class SigningKey implements Keypair {
  readonly jwtAlg: string
  readonly curve: Curve
  readonly #signer: Signer
  /** Reckoned when it is asked for, which writing does not do: it takes as long as a signature. */
  #did: string | undefined

  private constructor(signer: Signer, curve: Curve) {
    this.curve = curve
    this.#signer = signer
    this.jwtAlg = JWT_ALG[curve]
  }

  static generate(curve: Curve = 'k256'): SigningKey {
    return curve === 'p256'
      ? new SigningKey(P256Signer.generate(), curve)
      : new SigningKey(new K256Signer(secp256k1.utils.randomPrivateKey()), curve)
  }

  /** Reads what `toBytes` gave; 32 bytes alone are a secp256k1 key. @throws Error when they are no key */
  static fromBytes(bytes: Uint8Array): SigningKey {
    return bytes.byteLength === 33 && bytes[0] === P256_MARK
      ? new SigningKey(P256Signer.fromBytes(bytes.subarray(1)), 'p256')
      : new SigningKey(new K256Signer(bytes), 'k256')
  }

  /** The private key, to be sealed before it is stored. */
  toBytes(): Uint8Array {
    const bytes = this.#signer.toBytes()
    return this.curve === 'k256' ? bytes : new Uint8Array([P256_MARK, ...bytes])
  }

  /** did:key of the public key. */
  did(): string {
    this.#did ??= formatDidKey(this.jwtAlg, this.#signer.publicKey())
    return this.#did
  }

  /** @returns 64 bytes, low-S */
  signSync(message: Uint8Array): Uint8Array {
    return this.#signer.sign(message)
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    return this.signSync(message)
  }
}

/** A secp256k1 key, which neither WebCrypto nor workerd's `node:crypto` knows. */
class K256Signer implements Signer {
  /** Whether the library has its table of multiples of the generator: 25 ms of CPU, and some MB while it is made. */
  static #hasTable = false
  readonly #private: Uint8Array

  /** @throws RangeError */
  constructor(privateKey: Uint8Array) {
    if (!secp256k1.utils.isValidPrivateKey(privateKey)) {
      throw new RangeError('these bytes are no secp256k1 private key')
    }
    this.#private = privateKey
  }

  toBytes(): Uint8Array {
    return this.#private
  }

  /** A host that starts needs one public key, before anything is signed: for that, the table would not be worth it. */
  publicKey(): Uint8Array {
    return K256Signer.#hasTable
      ? secp256k1.getPublicKey(this.#private)
      : GENERATOR.multiply(secp256k1.Point.Fn.fromBytes(this.#private)).toBytes(true)
  }

  sign(message: Uint8Array): Uint8Array {
    K256Signer.#hasTable = true
    const digest = sha256(message)
    return secp256k1.sign(digest, this.#private, { lowS: true }).toCompactRawBytes()
  }
}

/** The generator as a point of which the library keeps no table; it is multiplied in constant time as well. */
const GENERATOR = secp256k1.Point.fromAffine(secp256k1.Point.BASE.toAffine())
