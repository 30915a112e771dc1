/** Has the log of a test divided among some objects. */
import { env } from 'cloudflare:workers'
import { vi } from 'vitest'
import { hostObjects, sequencerStub } from '../services/objects/stubs.ts'
import { crashNow } from './crash.ts'

/** Sets how many objects share the log, as a release with another setting does, and waits until all accounts are in theirs. */
export async function setLogShards(shards: number): Promise<void> {
  await beginLogShards(shards)
  await untilLogShards(shards)
}

/** Resolves when so many objects share the log, and all accounts are in theirs. */
export const untilLogShards = (shards: number): Promise<void> =>
  vi.waitFor(
    async () => {
      const layouts = await hostObjects(env).logFront.layouts()
      const states = layouts.map((one) => `${one.shards} ${one.state}`)
      if (layouts.at(-1)?.shards !== shards || layouts.some(({ state }) => state === 'moves')) {
        throw new Error(states.join(', '))
      }
    },
    { timeout: 30_000, interval: 50 },
  )

/** Sets it without waiting. */
export async function beginLogShards(shards: number): Promise<void> {
  ;(env as { PDS_LOG_SHARDS?: string }).PDS_LOG_SHARDS = String(shards)
  // What it is doing is broken off, as when a host begins anew.
  await crashNow(() => sequencerStub(env) as never)
  await vi.waitFor(() => sequencerStub(env).indexLayouts(), 10_000)
}
