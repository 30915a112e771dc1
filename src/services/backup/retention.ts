/** Which runs of a backup are kept, and the removal of what no kept one refers to. */
import { manifestsOf, readIfSound, readIndex, readManifest } from './catalog.ts'
import { DamagedFileError } from './errors.ts'
import type { BackupFiles } from './files.ts'
import { type DatedName, FOLDERS, filesOf, filesOfAccount, isOwnName } from './format.ts'

export interface Retention {
  /** Of how many days, weeks and months the newest run is kept. */
  daily: number
  weekly: number
  monthly: number
}

/** Files that are removed at once. */
const REMOVED_AT_ONCE = 1000

const DAY = 24 * 60 * 60 * 1000

/** Runs to keep of those there are: the newest one of each day, week and month that counts; always the newest. */
export function runsToKeep(runs: readonly DatedName[], retention: Retention): DatedName[] {
  const kept = new Set(runs.slice(0, 1))
  const keepNewestOf = (count: number, periodOf: (at: Date) => string) => {
    const seen = new Set<string>()
    for (const run of runs) {
      const period = periodOf(new Date(run.at))
      if (seen.has(period)) continue
      if (seen.size >= count) return
      seen.add(period)
      kept.add(run)
    }
  }
  keepNewestOf(retention.daily, (at) => at.toISOString().slice(0, 10))
  // Weeks begin on Mondays; the first of January 1970 was a Thursday.
  keepNewestOf(retention.weekly, (at) => String(Math.floor((at.getTime() / DAY + 3) / 7)))
  keepNewestOf(retention.monthly, (at) => at.toISOString().slice(0, 7))
  return runs.filter((run) => kept.has(run))
}

/**
 * Removes runs that are not kept, and files that no kept run refers to. First the manifests: a file is removed only when
 * nothing names it any more, so that a run that is there is whole, whenever this ends.
 *
 * @returns how many runs and files are gone
 * @throws DamagedFileError when what is referred to cannot be read: then no file is removed
 */
export async function prune(
  files: BackupFiles,
  groups: readonly (readonly DatedName[])[],
  retention: Retention,
): Promise<{ runs: number; files: number }> {
  const { store } = files
  const kept = groups.flatMap((runs) => runsToKeep(runs, retention))
  const referred = new Set<string>()
  const read = new Set<string>()
  for (const run of kept) {
    const { manifest } = await readManifest(files, run)
    for (const name of filesOf(manifest, [])) referred.add(name)
    for (const entry of manifest.accounts) {
      const { sha256 } = entry.index
      // Runs share the index of an account that has not changed.
      if (read.has(sha256)) continue
      read.add(sha256)
      for (const name of filesOfAccount(await readIndex(files, entry))) referred.add(name)
    }
  }
  const isKept = new Set(kept.map(({ name }) => name))
  const unkept = groups.flat().filter(({ name }) => !isKept.has(name))
  await store.remove(...unkept.map(({ name }) => name))
  let removed = 0
  for (const folder of [FOLDERS.objects, FOLDERS.blobs]) {
    const names = [...(await store.list(folder)).keys()].filter(
      (name) => !referred.has(name) && isOwnName(name),
    )
    for (let at = 0; at < names.length; at += REMOVED_AT_ONCE) {
      removed += await store.remove(...names.slice(at, at + REMOVED_AT_ONCE))
    }
  }
  return { runs: unkept.length, files: removed }
}

/**
 * Removes what is not kept, unless another run is under way, or something is damaged. Runs of the whole host, and those of
 * each account, have their own days and weeks.
 *
 * @param other since when another run is under way
 */
export async function pruneIfAlone(
  files: BackupFiles,
  retention: Retention,
  other: () => Promise<string | undefined>,
): Promise<{ removed: { runs: number; files: number } | null; notRemoved: string | null }> {
  const since = await other()
  if (since !== undefined) {
    return { removed: null, notRemoved: `another backup to this place is under way since ${since}` }
  }
  try {
    const groups = new Map<string, DatedName[]>()
    for (const found of await manifestsOf(files)) {
      const { manifest } = (await readIfSound(files, found)) ?? {}
      // What cannot be read is not removed either.
      if (!manifest) throw new DamagedFileError(found.name, 'its bytes have changed')
      const of = manifest.kind === 'host' ? 'host' : (manifest.accounts[0]?.did ?? '')
      groups.set(of, [...(groups.get(of) ?? []), found])
    }
    return { removed: await prune(files, [...groups.values()], retention), notRemoved: null }
  } catch (error) {
    if (!(error instanceof DamagedFileError)) throw error
    return { removed: null, notRemoved: error.message }
  }
}
