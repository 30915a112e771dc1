/**
 * SHA-256 of short texts and blocks (FIPS 180-4). The platform's own takes 4 µs however short they are, most of it for
 * objects around the digest; this takes 0.6 µs for a key of the tree, and an import hashes each key and each block.
 */
import { hash } from 'node:crypto'

/** Bytes up to which this is faster than the platform. */
const SHORT = 512

const BLOCK = 64
const ROUNDS = 64

/** The first 32 bits of the fractional parts of roots of the first primes: square roots, and cube roots. */
const INITIAL = firstPrimes(8).map((prime) => fraction(Math.sqrt(prime)))
const CONSTANTS = Int32Array.from(firstPrimes(ROUNDS), (prime) => fraction(Math.cbrt(prime)))

// One of each, since nothing here waits.
const state = new Int32Array(8)
const schedule = new Int32Array(ROUNDS)
const padded = new Uint8Array(2 * BLOCK)
const characters = new Uint8Array(SHORT)

/** The digest of a text of at most 512 ASCII characters as eight words, which hold until the next call; otherwise undefined. */
export function digestOfAscii(text: string): Readonly<Int32Array> | undefined {
  const { length } = text
  if (length > SHORT) return undefined
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code > 127) return undefined
    characters[i] = code
  }
  return digest(characters, length)
}

/** The SHA-256 of `bytes`. */
export function sha256(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength > SHORT) return hash('sha256', bytes, 'buffer')
  const words = digest(bytes, bytes.byteLength)
  const result = new Uint8Array(32)
  for (let i = 0; i < 32; i++) result[i] = byteOf(words, i)
  return result
}

/** Whether `expected` is the SHA-256 of `bytes`. Takes longer the more of it is right: it is no secret. */
export function hasSha256(bytes: Uint8Array, expected: Uint8Array): boolean {
  const isShort = bytes.byteLength <= SHORT
  const words = isShort ? digest(bytes, bytes.byteLength) : undefined
  const whole = words ? undefined : hash('sha256', bytes, 'buffer')
  if (expected.byteLength !== 32) return false
  for (let i = 0; i < 32; i++) {
    if (expected[i] !== (words ? byteOf(words, i) : whole?.[i])) return false
  }
  return true
}

const byteOf = (words: Readonly<Int32Array>, i: number): number =>
  ((words[i >> 2] ?? 0) >>> (24 - 8 * (i & 3))) & 255

function digest(bytes: Uint8Array, length: number): Int32Array {
  state.set(INITIAL)
  let at = 0
  for (; at + BLOCK <= length; at += BLOCK) compress(bytes, at)
  const rest = length - at
  padded.fill(0)
  for (let i = 0; i < rest; i++) padded[i] = bytes[at + i] ?? 0
  padded[rest] = 0x80
  // The length in bits is the last of the last block, and of what is short it has two bytes.
  const end = rest < BLOCK - 8 ? BLOCK : 2 * BLOCK
  padded[end - 2] = length >> 5
  padded[end - 1] = length << 3
  compress(padded, 0)
  if (end > BLOCK) compress(padded, BLOCK)
  return state
}

/** Takes in one block. Indexes are within bounds, whatever types say. */
function compress(bytes: Uint8Array, from: number): void {
  const w = schedule
  for (let i = 0, at = from; i < 16; i++, at += 4) {
    w[i] =
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)
  }
  for (let i = 16; i < ROUNDS; i++) {
    const x = w[i - 15] as number
    const y = w[i - 2] as number
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
    w[i] = ((w[i - 16] as number) + s0 + (w[i - 7] as number) + s1) | 0
  }
  let a = state[0] as number
  let b = state[1] as number
  let c = state[2] as number
  let d = state[3] as number
  let e = state[4] as number
  let f = state[5] as number
  let g = state[6] as number
  let h = state[7] as number
  for (let i = 0; i < ROUNDS; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const chosen = g ^ (e & (f ^ g))
    const t1 = (h + s1 + chosen + (CONSTANTS[i] as number) + (w[i] as number)) | 0
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const majority = (a & b) | (c & (a | b))
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + s0 + majority) | 0
  }
  state[0] = (state[0] as number) + a
  state[1] = (state[1] as number) + b
  state[2] = (state[2] as number) + c
  state[3] = (state[3] as number) + d
  state[4] = (state[4] as number) + e
  state[5] = (state[5] as number) + f
  state[6] = (state[6] as number) + g
  state[7] = (state[7] as number) + h
}

function firstPrimes(count: number): number[] {
  const primes: number[] = []
  for (let n = 2; primes.length < count; n++) {
    if (primes.every((prime) => n % prime !== 0)) primes.push(n)
  }
  return primes
}

function fraction(root: number): number {
  return ((root % 1) * 2 ** 32) | 0
}
