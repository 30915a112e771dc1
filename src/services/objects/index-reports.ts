import type { IndexReport, IndexState } from '../../contracts/host-index.ts'
import type { HookCounts } from '../../storage/index/tasks.ts'

/** A layout that is being filled, and what its objects say. */
interface Coming {
  shards: number
  reports: readonly IndexReport[]
}

/** How the index as a whole is doing, by what each of its objects says. */
export function mergeReports(
  reports: readonly IndexReport[],
  coming: Coming | undefined,
): IndexReport {
  const positions = reports.map(({ position }) => position)
  const states = Map.groupBy(
    reports.flatMap(({ collections }) => collections),
    ({ collection }) => collection,
  )
  const hooks = Map.groupBy(
    reports.flatMap((report) => report.hooks),
    ({ collection }) => collection,
  )
  return {
    position: positions.includes(undefined) ? undefined : Math.min(...positions.map(Number)),
    collections: [...states.values()].map((all) => mergeStates(all)),
    hooks: [...hooks.values()].flatMap((all) => mergeCounts(all)),
    failed: reports[0]?.failed ?? [],
    shards: reports.flatMap(({ shards }) => shards),
    ...(coming && { change: progressOf(coming) }),
  }
}

function mergeStates(all: readonly IndexState[]): IndexState {
  const [{ collection } = { collection: '' }] = all
  // One that changes says both what it has and what it is about to have.
  if (all.length === 1 && all[0]) return all[0]
  const filling = all.flatMap((one) => one.filling ?? [])
  const filled = all.flatMap((one) => one.filled ?? [])
  const accounts = total([...filling, ...filled], 'accounts')
  const records = total([...filling, ...filled], 'records')
  return {
    collection,
    serves: all.every(({ serves }) => serves),
    ...(filling.length > 0
      ? {
          filling: {
            ...{ accounts, records },
            startedAt: Math.min(...filling.map(({ startedAt }) => startedAt)),
          },
        }
      : filled.length > 0 && {
          filled: { accounts, records, ms: Math.max(...filled.map(({ ms }) => ms)) },
        }),
  }
}

function mergeCounts(all: readonly HookCounts[]): HookCounts[] {
  const [first] = all
  if (!first) return []
  const { collection } = first
  const sum = (what: Exclude<keyof HookCounts, 'collection'>) => total(all, what)
  return [
    {
      collection,
      ...{ waiting: sum('waiting'), behind: sum('behind'), lost: sum('lost') },
      ...{ failed: sum('failed'), letters: sum('letters'), dropped: sum('dropped') },
    },
  ]
}

/** How much of a layout has been read from the repositories. */
function progressOf({ shards, reports }: Coming): NonNullable<IndexReport['change']> {
  const states = reports.flatMap(({ collections }) => collections)
  const read = states.flatMap((one) => one.filling ?? one.filled ?? [])
  const isFilled = ({ collections, position }: IndexReport) =>
    position !== undefined && collections.every((one) => one.serves && !one.filling)
  return {
    shards,
    ...{ accounts: total(read, 'accounts'), records: total(read, 'records') },
    filled: reports.filter(isFilled).length,
  }
}

const total = <K extends string>(all: readonly Record<K, number>[], what: K): number =>
  all.reduce((sum, one) => sum + one[what], 0)
