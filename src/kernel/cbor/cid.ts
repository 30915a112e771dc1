import { hash } from 'node:crypto'
import type { CidBytes } from '../../storage/mst/node.ts'

/** Length of a CID of this protocol in bytes. */
export const CID_LENGTH = 36

const DAG_CBOR = 0x71
const SHA_256 = 0x12

/** CID of a DAG-CBOR block; computed natively and synchronously. */
export function cidOf(block: Uint8Array): CidBytes {
  const cid = new Uint8Array(CID_LENGTH)
  cid[0] = 1
  cid[1] = DAG_CBOR
  cid[2] = SHA_256
  cid[3] = 32
  cid.set(hash('sha256', block, 'buffer'), 4)
  return cid
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false
  for (let i = 0; i < a.byteLength; i++) if (a[i] !== b[i]) return false
  return true
}
