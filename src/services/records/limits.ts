/** Largest body of a method that writes records, in bytes. */
export const WRITE_BODY_LIMIT = 1_000_000

/** Most writes in one batch. */
export const MAX_WRITES = 200
