/** All rows that are driven by requests, on repositories of one size. */
import { join } from 'node:path'
import { fill, openRepo, type Repo } from '../load/repo.ts'
import { type Options, wants } from '../options.ts'
import { complain } from '../progress.ts'
import type { Result } from '../report/result.ts'
import { rows } from '../rows/all.ts'
import { compare } from './compare.ts'
import { exportCar } from './export-car.ts'
import type { Side } from './side.ts'

export interface Context {
  options: Options
  /** Where exports go. */
  folder: string
  result: Pick<Result, 'rows' | 'failures'>
}

/** Fills the repositories, measures, and exports them when they are to be imported later. */
export async function measureSize(size: number, sides: Side[], context: Context): Promise<void> {
  const { options, folder, result } = context
  const repos: Repo[] = []
  for (const side of sides) {
    const account = side.accounts.get(size)
    if (!account) continue
    const repo = openRepo(side.running, account)
    side.repos.set(size, repo)
    await fill(repo, size)
    repos.push(repo)
  }
  const smallest = size === options.sizes[0]
  for (const row of rows) {
    if (!wants(options, row.name) || (row.once && !smallest)) continue
    const able = repos.filter(({ server }) => row.only === undefined || row.only === server)
    const servers = await compare(row, able, options.seconds)
    result.rows.push({ row: row.name, size, unit: row.unit, servers })
    for (const [name, measured] of Object.entries(servers)) {
      if (!('failed' in measured)) continue
      result.failures.push(`${row.name}, ${size} records, ${name}: ${measured.failed}`)
      complain(result.failures.at(-1) ?? '')
    }
  }
  if (!wants(options, 'importRepo')) return
  for (const { cars, repos } of sides) {
    const repo = repos.get(size)
    if (!repo) continue
    cars.set(size, await exportCar(repo, join(folder, `${repo.server}-${size}.car`)))
  }
}
