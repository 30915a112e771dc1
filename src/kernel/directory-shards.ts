/** Which object answers for a name, where several share what is asked about accounts. */
import { shardOf } from './index-shards.ts'

/** Objects, at most: each hears of every account that changes. */
export const MAX_DIRECTORY_SHARDS = 32

/** One of the objects. */
export interface DirectoryPlace {
  /** From 0. */
  shard: number
  shards: number
}

/** The name of one object. With another number of them all are others. */
export const directoryShardName = ({ shard, shards }: DirectoryPlace): string =>
  `directory ${shard + 1}/${shards}`

/** What the object with a name is; undefined: the directory itself. */
export function directoryPlaceNamed(name: string | undefined): DirectoryPlace | undefined {
  const [, shard, shards] = name?.match(/^directory (\d+)\/(\d+)$/) ?? []
  return shard === undefined ? undefined : { shard: Number(shard) - 1, shards: Number(shards) }
}

/** Which object answers for a DID, a handle, an address, or whatever else is looked up. @returns from 0 */
export const directoryShardOf = (name: string, shards: number): number =>
  // Spares the default a copy of each name.
  shards === 1 ? 0 : shardOf(name.toLowerCase(), shards)
