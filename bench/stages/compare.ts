/** Measures rows on one or two servers by turns, so that noise of the machine meets both alike. */
import { drive, type Samples, type Workload } from '../load/drive.ts'
import { notServed, type Repo } from '../load/repo.ts'
import { type Figures, figures } from '../load/stats.ts'
import { step } from '../progress.ts'
import type { Row } from '../rows/row.ts'
import type { ServerName } from '../servers/server.ts'

/** What came of a row on one server: figures, or why there are none. */
export type Measured = Figures | { skipped: string } | { failed: string }

export type Comparison = Partial<Record<ServerName, Measured>>

const TURNS = 4
/** Seconds before the first turn of each server, not counted. */
const WARM_UP = 0.4

interface Runner {
  workload: Workload
  slices: Samples[]
  problem?: { skipped: string } | { failed: string }
}

/** One row on the repositories of one size, one for each server. */
export async function compare(row: Row, repos: Repo[], seconds: number): Promise<Comparison> {
  const measured = await byTurns(row, repos, seconds, `${repos[0]?.keys.length ?? 0} records`)
  return Object.fromEntries(repos.map(({ server }, at) => [server, measured[at]]))
}

/** One row on several repositories. @returns what was measured, in their order */
export function byTurns(
  row: Row,
  repos: Repo[],
  seconds: number,
  label: string,
): Promise<Measured[]> {
  const workloads = repos.map((repo) => row.workload(repo))
  return takeTurns(workloads, row.connections, seconds, `${row.name}, ${label}`)
}

/** Workloads on different servers, or repositories. @returns what was measured, in their order */
export async function takeTurns(
  workloads: Workload[],
  connections: number,
  seconds: number,
  label: string,
): Promise<Measured[]> {
  const runners: Runner[] = workloads.map((workload) => ({ workload, slices: [] }))
  for (const runner of runners) await turn(runner, connections, WARM_UP)
  for (const runner of runners) runner.slices = []
  for (let count = 0; count < TURNS; count += 1) {
    step(label, `turn ${count + 1} of ${TURNS}`)
    for (const runner of runners) await turn(runner, connections, seconds / TURNS)
  }
  return runners.map(({ slices, problem }) => problem ?? figures(slices))
}

async function turn(runner: Runner, connections: number, seconds: number): Promise<void> {
  if (runner.problem) return
  try {
    runner.slices.push(await drive(runner.workload, connections, seconds))
  } catch (error) {
    runner.problem = problemOf(error)
  }
}

/** A method that a server does not have is no failure. */
export function problemOf(error: unknown): { skipped: string } | { failed: string } {
  const message = error instanceof Error ? error.message : String(error)
  return notServed(error) ? { skipped: 'answers 501' } : { failed: message }
}
