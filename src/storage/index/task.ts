import type { LoggedChange } from './feed.ts'

/** A write that a hook is to be told of. */
export interface HookTask {
  id: number
  collection: string
  did: string
  rkey: string
  action: LoggedChange['action']
  rev: string
  cid: Uint8Array | null
  /** DAG-CBOR; null for a deletion. */
  block: Uint8Array | null
  /** How many attempts ended with an error. */
  attempts: number
  /** How many of the last attempts ended without a word, that which is under way included. */
  unheard: number
  /** How many of them ended with a host that did not answer any more. */
  stuck: number
}

/** As it is stored. */
export type Stored<T extends Pick<HookTask, 'cid' | 'block'>> = Omit<T, 'cid' | 'block'> & {
  cid: ArrayBuffer | null
  block: ArrayBuffer | null
}

export const bytesOf = ({ cid, block }: Stored<HookTask>) => ({
  cid: cid && new Uint8Array(cid),
  block: block && new Uint8Array(block),
})
