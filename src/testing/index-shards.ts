/** Has the host's index of a test divided among some objects. */
import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { vi } from 'vitest'
import { hostObjects, sequencerStub } from '../services/objects/stubs.ts'

/** Sets how many there are to be, as a release with another setting does: the sequencer begins anew. */
export async function setShards(shards: number): Promise<void> {
  ;(env as { PDS_INDEX_SHARDS?: string }).PDS_INDEX_SHARDS = String(shards)
  const sequencer = () => sequencerStub(env)
  // Only one that is in memory can be evicted.
  await sequencer().indexLayouts()
  await evictDurableObject(sequencer() as never)
  await sequencer().indexLayouts()
}

/** Resolves when that many objects serve, and the others are gone. */
export const untilShards = (shards: number): Promise<void> =>
  vi.waitFor(
    async () => {
      const { serving, next } = await sequencerStub(env).indexLayouts()
      if (serving.shards !== shards || next) throw new Error(`${serving.shards} serve`)
    },
    { timeout: 20_000, interval: 50 },
  )

/** Divides the index and waits until it is. */
export async function divideIndex(shards: number): Promise<void> {
  await setShards(shards)
  await untilShards(shards)
  await hostObjects(env).hostIndex.operator.report()
}
