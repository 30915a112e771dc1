import type { CopyReport, DirectoryReport } from '../../contracts/directory-division.ts'
import { orAfter } from '../../kernel/within-time.ts'
import type { HostObjects } from '../objects/stubs.ts'

/** ms that an object may take to say how it is doing. */
const SOON = 2_000

type Objects = Pick<HostObjects, 'directory' | 'directoryShards' | 'directoryDivision'>

/** How large the directory is, how the objects are doing that share in it, and how far their copies are behind. */
export async function reportDirectory(objects: Objects): Promise<DirectoryReport> {
  const { directory, directoryShards: shards } = objects
  const places = shards > 1 ? Array.from({ length: shards }, (_, shard) => ({ shard, shards })) : []
  const copies = await Promise.all(
    places.map((place) => soon(objects.directoryDivision(place).copy.report())),
  )
  // After what they have said: a change that came in between is one that they lack.
  const { bytes, lags } = await directory.changes.report(copies.map((copy) => copy?.position))
  return {
    bytes,
    shards: copies.map((copy, index) => ({
      names: copy?.names ?? 0,
      bytes: copy?.bytes ?? 0,
      copying: copy?.copying,
      answers: copy !== undefined,
      // One whose position counts no more copies everything when it is asked again.
      complete: lags[index] !== undefined && copy?.copying === undefined,
      lag: lags[index],
    })),
  }
}

/** Undefined: it does not answer. */
const soon = (answer: Promise<CopyReport>): Promise<CopyReport | undefined> =>
  orAfter(
    answer.catch(() => undefined),
    SOON,
    () => undefined,
  )
