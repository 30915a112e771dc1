/** importRepo: a CAR into an empty account, in a process that has done nothing else. */
import { createReadStream } from 'node:fs'
import { COLLECTION, notServed, openRepo, type Repo } from '../load/repo.ts'
import { complain, say } from '../progress.ts'
import type { Account, Running } from '../servers/server.ts'
import { problemOf } from './compare.ts'
import type { Car } from './export-car.ts'
import { HeapWatch } from './heap-watch.ts'
import { forgetPeak, memory, peakMemory } from './memory.ts'

export interface Import {
  mb: number
  seconds: number
  /** MB per second. */
  rate: number
  /** MB of the process before, and at its highest while it imported. */
  memoryBefore: number
  memoryPeak: number
  /** MB within V8 (heap and buffers) at its highest, where it was watched. */
  isolatePeak?: number
}

export type Imported = Import | { skipped: string } | { failed: string }

/**
 * Imports into an account that must be empty, and looks whether a record has arrived.
 *
 * @param inspectorPort - to watch V8's memory, where the server is Cumulus
 */
export async function importRepo(
  running: Running,
  account: Account,
  car: Car,
  inspectorPort?: number,
): Promise<Imported> {
  say(`importRepo: ${running.name}, ${car.records} records`)
  const repo = openRepo(running, account)
  const watch = inspectorPort === undefined ? undefined : await HeapWatch.start(inspectorPort)
  try {
    await probe(repo)
    forgetPeak(running.pid)
    const memoryBefore = memory(running.pid)
    const start = performance.now()
    await repo.client.call({
      method: 'com.atproto.repo.importRepo',
      token: account.token,
      bytes: {
        type: 'application/vnd.ipld.car',
        body: createReadStream(car.path, { highWaterMark: 256 * 1024 }),
        length: car.bytes,
      },
    })
    const seconds = (performance.now() - start) / 1000
    const memoryPeak = peakMemory(running.pid)
    const isolatePeak = watch ? { isolatePeak: await watch.stop() } : {}
    await repo.client.call({
      method: 'com.atproto.repo.getRecord',
      params: { repo: account.did, collection: COLLECTION, rkey: car.key },
    })
    const mb = car.bytes / 1e6
    return { mb, seconds, rate: mb / seconds, memoryBefore, memoryPeak, ...isolatePeak }
  } catch (error) {
    await watch?.stop()
    const problem = problemOf(error)
    if ('failed' in problem) complain(`importRepo, ${running.name}: ${problem.failed}`)
    return problem
  } finally {
    await repo.client.close()
  }
}

/**
 * A body of no use, which every server that has the method refuses. A server without it answers before it
 * has read the body, and might close the connection while much is being sent.
 */
async function probe({ client, account: { token } }: Repo): Promise<void> {
  const bytes = { type: 'application/vnd.ipld.car', body: new Uint8Array(1), length: 1 }
  await client.call({ method: 'com.atproto.repo.importRepo', token, bytes }).catch((error) => {
    if (notServed(error)) throw error
  })
}
