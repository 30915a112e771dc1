/** Which object keeps the events of an account, where several share the host's log. */
import { shardOf } from './index-shards.ts'

/** How the log is divided. Each change makes a new generation, with objects of its own. */
export interface LogLayout {
  generation: number
  /** How many objects share the accounts. */
  shards: number
}

/** One object of a layout. */
export interface LogPlace {
  layout: LogLayout
  /** From 0. */
  shard: number
}

/** What a host begins with: the sequencer keeps the events itself. */
export const FIRST_LOG: LogLayout = { generation: 1, shards: 1 }

/** Shards, at most: their batches and the pages of those who catch up all pass through one object. */
export const MAX_LOG_SHARDS = 32

/** The name of one shard's object. */
export const logShardName = ({ layout: { generation, shards }, shard }: LogPlace): string =>
  `log ${generation} ${shard + 1}/${shards}`

/** What the object with a name is; undefined: it is none of several. */
export function placeNamed(name: string | undefined): LogPlace | undefined {
  const [, generation, shard, shards] = name?.match(/^log (\d+) (\d+)\/(\d+)$/) ?? []
  if (generation === undefined) return undefined
  const layout = { generation: Number(generation), shards: Number(shards) }
  return { layout, shard: Number(shard) - 1 }
}

/** Where the events of an account go in a layout: for ever the same. */
export const logPlaceOf = (did: string, layout: LogLayout): LogPlace => ({
  layout,
  shard: shardOf(did, layout.shards),
})

/** All objects of a layout. */
export const placesOf = (layout: LogLayout): LogPlace[] =>
  Array.from({ length: layout.shards }, (_, shard) => ({ layout, shard }))

/** Objects of one generation, at most: a power of two above `MAX_LOG_SHARDS`. */
const PER_GENERATION = 64

/** A number for an object, by which rows and cursors name it; 0: the sequencer itself. Later generations have higher ones. */
export const numberOfPlace = ({ layout, shard }: LogPlace): number =>
  (layout.generation - FIRST_LOG.generation) * PER_GENERATION + shard

/** The generation of the object with this number. */
export const generationOf = (object: number): number =>
  Math.floor(object / PER_GENERATION) + FIRST_LOG.generation

/** The object with this number; undefined: its layout is gone. */
export function placeOfNumber(object: number, layouts: readonly LogLayout[]): LogPlace | undefined {
  const layout = layouts.find(({ generation }) => generation === generationOf(object))
  const shard = object % PER_GENERATION
  return layout && shard < layout.shards ? { layout, shard } : undefined
}
