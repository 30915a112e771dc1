import type { IndexRow } from './pages.ts'

/** A record as the table of a definition has it. */
export type Row = {
  id: number
  account: number
  did: string
  rkey: string
  cid: ArrayBuffer
  block: ArrayBuffer
}

/** As it is answered. */
export const toRow = ({ did, rkey, cid, block }: Row): IndexRow => ({
  did,
  rkey,
  cid: new Uint8Array(cid),
  block: new Uint8Array(block),
})
