import { type CidBytes, cidBytes } from '../../kernel/cbor/cid.ts'

/** A CID that a client may give, may give as null, or may leave out. Its syntax was validated. */
export function cidOption(cid: string): CidBytes
export function cidOption(cid: string | undefined): CidBytes | undefined
export function cidOption(cid: string | null | undefined): CidBytes | null | undefined
export function cidOption(cid: string | null | undefined): CidBytes | null | undefined {
  return typeof cid === 'string' ? cidBytes(cid) : cid
}
