import { parseCid } from '@atproto/lex-data'
import { sha256 } from '../sha256.ts'

/** A CID as bytes: version 1, codec, SHA-256. */
export type CidBytes = Uint8Array

/** Length of a CID of this protocol in bytes. */
export const CID_LENGTH = 36

const RAW = 0x55
const DAG_CBOR = 0x71
const SHA_256 = 0x12

/** CID of a DAG-CBOR block; computed natively and synchronously. */
export function cidOf(block: Uint8Array): CidBytes {
  const cid = new Uint8Array(CID_LENGTH)
  cid[0] = 1
  cid[1] = DAG_CBOR
  cid[2] = SHA_256
  cid[3] = 32
  cid.set(sha256(block), 4)
  return cid
}

/** Whether bytes are a CID of the kind that the protocol has: raw or DAG-CBOR, by SHA-256. */
export function isProtocolCid(bytes: Uint8Array): boolean {
  const [version, codec, hash, length] = bytes
  return (
    bytes.byteLength === CID_LENGTH &&
    version === 1 &&
    (codec === RAW || codec === DAG_CBOR) &&
    hash === SHA_256 &&
    length === 32
  )
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false
  for (let i = 0; i < a.byteLength; i++) if (a[i] !== b[i]) return false
  return true
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

/** The character code of each five bits. */
const CODES = Array.from(BASE32, (character) => character.charCodeAt(0))
const PREFIX = 'b'.charCodeAt(0)

/** The characters of the last CID of the usual length: all are overwritten by the next. */
const characters: number[] = new Array(1 + Math.ceil((CID_LENGTH * 8) / 5)).fill(PREFIX)

/**
 * The text form of a CID, as clients see it: base32 (RFC 4648) with its prefix. Each record of a page has one. It is made
 * at once: put together with `+` it would consist of two dozen texts, 600 bytes more wherever it is kept.
 */
export function cidString(cid: CidBytes): string {
  const codes = cid.byteLength === CID_LENGTH ? characters : [PREFIX]
  let length = 1
  let bits = 0
  let held = 0
  for (let at = 0; at < cid.byteLength; at++) {
    held = ((held << 8) | (cid[at] as number)) & 0xfff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      codes[length++] = CODES[(held >> bits) & 31] as number
    }
  }
  if (bits > 0) codes[length] = CODES[(held << (5 - bits)) & 31] as number
  // As arguments only so many as are known to be few.
  if (codes !== characters) return Buffer.from(codes).toString('latin1')
  return String.fromCharCode.apply(null, codes)
}

/** The bytes of a CID in text form; @throws Error when it is none */
export const cidBytes = (cid: string): CidBytes => parseCid(cid).bytes
