/** createRecord of Cumulus on repositories of all sizes by turns: measured minutes apart, the machine's drift would count. */
import type { Result } from '../report/result.ts'
import { rows } from '../rows/all.ts'
import { byTurns } from './compare.ts'
import type { Side } from './side.ts'

export async function growth({ repos }: Side, seconds: number): Promise<Result['growth']> {
  const row = rows.find(({ name }) => name === 'createRecord')
  if (!row) return []
  const measured = await byTurns(row, [...repos.values()], seconds, 'all sizes')
  return [...repos.keys()].flatMap((size, at) => {
    const figures = measured[at]
    return figures && 'rate' in figures ? [{ size, p50: figures.p50 }] : []
  })
}
