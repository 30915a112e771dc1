/**
 * Stands in for `@noble/post-quantum/hybrid.js`: `age-encryption` has it for recipients `age1pq1…` and `age1tagpq1…`, which a
 * Worker is not given (PDS_BACKUP_RECIPIENT). With its own curves it would be 27 KiB more, compressed.
 */
const refused = () => {
  throw new Error('only age recipients with X25519 are available on workerd')
}

export const MLKEM768P256 = { encapsulate: refused, decapsulate: refused, getPublicKey: refused }
export const MLKEM768X25519 = MLKEM768P256
