/**
 * SHA-256 of short texts and blocks. The platform's own takes 4 µs however short they are, most of it for objects around
 * the digest; the library's takes one for a key of the tree, and an import hashes each key and each block.
 */
import { hash } from 'node:crypto'
import { sha256 as sha256InScript } from '@noble/hashes/sha2'

/** Bytes up to which a hash in JavaScript is faster than the platform's. */
const SHORT = 512

/** The SHA-256 of `bytes`, 32 bytes. */
export const sha256 = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength > SHORT ? hash('sha256', bytes, 'buffer') : sha256InScript(bytes)
