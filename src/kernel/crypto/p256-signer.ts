import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto'

/** Bytes of a coordinate of P-256, of a private key, and of each half of a signature. */
const SIZE = 32

/** Order of the curve's group, and half of it: a signature whose S is above that is not canonical. */
const ORDER = 0xffffffff_00000000_ffffffff_ffffffff_bce6faad_a7179e84_f3b9cac2_fc632551n
const HALF_ORDER = ORDER >> 1n

/** A P-256 private key in PKCS #8, without its public key, up to its 32 bytes (RFC 5208, RFC 5915). */
const PKCS8_HEAD = Buffer.from(
  '3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420',
  'hex',
)

/**
 * A P-256 key of the platform's own cryptography, which signs in native code and in constant time. The private key
 * is in no memory of JavaScript, but while it is read or given out to be sealed.
 */
export class P256Signer {
  readonly #key: KeyObject

  private constructor(key: KeyObject) {
    this.#key = key
  }

  static generate(): P256Signer {
    return new P256Signer(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
  }

  /** @param bytes 32. @throws Error when they are no private key of the curve */
  static fromBytes(bytes: Uint8Array): P256Signer {
    if (bytes.byteLength !== SIZE) throw new RangeError('a P-256 private key has 32 bytes')
    const key = Buffer.concat([PKCS8_HEAD, bytes])
    try {
      return new P256Signer(createPrivateKey({ key, format: 'der', type: 'pkcs8' }))
    } finally {
      key.fill(0)
    }
  }

  /** The private key, 32 bytes. */
  toBytes(): Uint8Array {
    const { d = '' } = this.#key.export({ format: 'jwk' })
    return coordinate(d)
  }

  /** The public key, compressed: 33 bytes. */
  publicKey(): Uint8Array {
    const { x = '', y = '' } = createPublicKey(this.#key).export({ format: 'jwk' })
    const isOdd = ((coordinate(y)[SIZE - 1] ?? 0) & 1) === 1
    return new Uint8Array([isOdd ? 3 : 2, ...coordinate(x)])
  }

  /**
   * Signs the SHA-256 hash of a message.
   *
   * @returns R and S, 64 bytes, with the lower of the two values that S may have (cryptography specification, "ECDSA
   *   Signature Malleability")
   */
  sign(message: Uint8Array): Uint8Array {
    // workerd gives DER only: `dsaEncoding` is not heeded where there is a key object.
    return lowS(fromDer(sign('sha256', message, this.#key)))
  }
}

/** A number of JWK, as many bytes as the curve has. */
function coordinate(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64url')
  const padded = new Uint8Array(SIZE)
  padded.set(bytes, SIZE - bytes.byteLength)
  return padded
}

/** R and S of a signature in DER: a sequence of two integers, each without leading zeros but for its sign. */
function fromDer(der: Uint8Array): Uint8Array<ArrayBuffer> {
  const compact = new Uint8Array(2 * SIZE)
  // Neither the sequence nor an integer is ever as long as to have its length in more than one byte.
  let at = 2
  for (const end of [SIZE, 2 * SIZE]) {
    const length = der[at + 1] ?? 0
    const from = at + 2 + Math.max(0, length - SIZE)
    at += 2 + length
    compact.set(der.subarray(from, at), end - (at - from))
  }
  return compact
}

function lowS(signature: Uint8Array<ArrayBuffer>): Uint8Array {
  // Half of the order begins with 0x7fffffff: of most values the first byte says enough.
  const first = signature[SIZE] ?? 0
  if (first < 0x7f) return signature
  const half = Buffer.from(signature.buffer, SIZE, SIZE)
  const s = BigInt(`0x${half.toString('hex')}`)
  if (s > HALF_ORDER) half.write((ORDER - s).toString(16).padStart(2 * SIZE, '0'), 'hex')
  return signature
}
