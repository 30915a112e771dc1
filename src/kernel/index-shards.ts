/** Which shard of the host's index an account is in. */

/** How the index is divided. Each change makes a new generation, with objects of its own. */
export interface IndexLayout {
  generation: number
  /** How many objects share the accounts. */
  shards: number
}

/** What a host begins with: one object, which the project's jobs stay in whatever comes later. */
export const FIRST_LAYOUT: IndexLayout = { generation: 1, shards: 1 }

/** Shards, at most: each query asks all of them. */
export const MAX_SHARDS = 32

/** The name of one shard's object. @param shard from 0 */
export const shardName = ({ generation, shards }: IndexLayout, shard: number): string =>
  generation === FIRST_LAYOUT.generation
    ? `index ${shard + 1}/${shards}`
    : `index ${generation} ${shard + 1}/${shards}`

/**
 * The shard of an account, from 0: the same for ever, as what is stored lies by it. FNV-1a over the DID's characters, which
 * are ASCII, with the last steps of MurmurHash3, so that names that differ in their ends only are spread as well.
 */
export function shardOf(did: string, shards: number): number {
  if (shards === 1) return 0
  let hash = 0x811c9dc5
  for (let at = 0; at < did.length; at++) {
    hash = Math.imul(hash ^ did.charCodeAt(at), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) % shards
}
