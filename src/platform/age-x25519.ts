/**
 * Stands in for `@noble/curves/ed25519.js`, with which `age-encryption` does X25519 where WebCrypto does not: workerd's does.
 */
const refused = () => {
  throw new Error('X25519 is not available in WebCrypto')
}

/** The base point, of u = 9 (RFC 7748, 4.1). */
export const x25519 = {
  GuBytes: new Uint8Array(32).fill(9, 0, 1),
  scalarMult: refused,
  scalarMultBase: refused,
}
