/**
 * Stands in for the packages with which `@simplewebauthn/server` reads certificates of authenticators: this host asks for no
 * attestation and looks at none (`src/services/factors/passkeys.ts`). What is read without it is the signature of an elliptic
 * curve, which a sign-in has in DER.
 */

/** A signature in DER (RFC 3279, 2.2.3): a sequence of two integers. */
export class ECDSASigValue {
  r = new ArrayBuffer(0)
  s = new ArrayBuffer(0)
}

const SEQUENCE = 0x30
const INTEGER = 0x02

const unavailable = (): never => {
  throw new Error('certificates of authenticators are not read')
}

export const AsnParser = {
  /** @param der a whole value: nothing may follow it. @throws Error where it is none */
  parse(der: Uint8Array, type: unknown): ECDSASigValue {
    if (type !== ECDSASigValue) return unavailable()
    const sequence = read(der, 0, SEQUENCE)
    const r = read(sequence.value, 0, INTEGER)
    const s = read(sequence.value, r.end, INTEGER)
    if (sequence.end !== der.byteLength || s.end !== sequence.value.byteLength) {
      throw new Error('a signature in DER is a sequence of two integers')
    }
    return { r: copy(r.value), s: copy(s.value) }
  },
}

const copy = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer

/** What stands at `at`. Signatures of the curves that there are for passkeys have lengths of one byte, or of two. */
function read(bytes: Uint8Array, at: number, tag: number): { value: Uint8Array; end: number } {
  const [found, first = 0, second = 0] = bytes.subarray(at, at + 3)
  const isLong = first === 0x81 && second >= 0x80
  const start = at + (isLong ? 3 : 2)
  const length = isLong ? second : first
  const end = start + length
  if (found !== tag || (!isLong && first >= 0x80) || length === 0 || end > bytes.byteLength) {
    throw new Error('a signature in DER is a sequence of two integers')
  }
  return { value: bytes.subarray(start, end), end }
}

class Unavailable {
  constructor() {
    unavailable()
  }
}

export {
  Unavailable as AuthorityKeyIdentifierExtension,
  Unavailable as BasicConstraints,
  Unavailable as Certificate,
  Unavailable as CRLDistributionPointsExtension,
  Unavailable as ECParameters,
  Unavailable as ExtendedKeyUsage,
  Unavailable as KeyDescription,
  Unavailable as OctetString,
  Unavailable as RSAPublicKey,
  Unavailable as SubjectAlternativeName,
  Unavailable as SubjectKeyIdentifierExtension,
  Unavailable as X509Certificate,
  Unavailable as X509ChainBuilder,
  Unavailable as X509Crl,
}

const none = ''

export {
  none as id_ce_basicConstraints,
  none as id_ce_extKeyUsage,
  none as id_ce_keyDescription,
  none as id_ce_subjectAltName,
  none as id_ecdsaWithSHA256,
  none as id_ecdsaWithSHA384,
  none as id_ecdsaWithSHA512,
  none as id_ecPublicKey,
  none as id_ml_dsa_44,
  none as id_ml_dsa_65,
  none as id_ml_dsa_87,
  none as id_rsaEncryption,
  none as id_secp256r1,
  none as id_secp384r1,
  none as id_sha1WithRSAEncryption,
  none as id_sha256WithRSAEncryption,
  none as id_sha384WithRSAEncryption,
  none as id_sha512WithRSAEncryption,
}
