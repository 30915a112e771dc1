/** The options of a run, and the names of its rows. */
import { CommandError } from '../cli/terminal/errors.ts'

export interface Options {
  /** Names of rows, or of groups of rows; empty means all. */
  only: string[]
  /** Records per repository, ascending. */
  sizes: number[]
  /** Accounts per host, ascending, for the row "accounts". */
  accounts: number[]
  /** Measured seconds per row and server. */
  seconds: number
  /** What Cumulus is compared with: the reference, or the Cumulus of another checkout. */
  baseline: 'reference' | { checkout: string } | undefined
}

const ACCOUNT_ROWS = ['createAccount', 'createAccount-4', 'createAccount-web'] as const
const WRITE_ROWS = ['createRecord', 'createRecord-16', 'putRecord', 'deleteRecord'] as const
const READ_ROWS = ['getRecord', 'getRecord-16', 'listRecords-50', 'listRecords-100'] as const
const BULK_ROWS = [
  'applyWrites',
  'getRepo',
  'importRepo',
  'uploadBlob-500k',
  'uploadBlob-50M',
] as const
const SERVER_ROWS = ['firehose', 'start', 'bundle', 'counts'] as const
/** Rows about repositories of several sizes. */
export const REPO_ROWS = [ACCOUNT_ROWS, WRITE_ROWS, READ_ROWS, BULK_ROWS, SERVER_ROWS].flat()
/** Rows about hosts and their firehose. */
export const HOST_ROWS = ['accounts', 'fanout', 'replay', 'coldStart', 'liveObjects'] as const
export const ROWS = [...REPO_ROWS, ...HOST_ROWS]

export type RowName = (typeof ROWS)[number]

/** Whether `--only` lets the row run. */
export const wants = ({ only }: Pick<Options, 'only'>, row: RowName): boolean =>
  only.length === 0 || only.some((name) => covers(name, row))

/** Whether `name` means the row: exactly, or without what follows the dash. */
export const covers = (name: string, row: RowName): boolean =>
  name === row || name === row.split('-')[0]

/** Parses names of rows, separated by commas. @throws CommandError when there is no such row */
export function parseRows(list: string): string[] {
  const names = list.split(',').filter((name) => name !== '')
  const unknown = names.find((name) => !ROWS.some((row) => covers(name, row)))
  if (unknown === undefined) return names
  throw new CommandError(`there is no row "${unknown}"; rows are ${ROWS.join(', ')}`)
}

/** Parses sizes such as `1k,10k`. @returns them ascending. @throws CommandError */
export function parseSizes(option: string, list: string, least: number): number[] {
  const sizes = list.split(',').map((text) => {
    const [, digits, unit] = /^(\d+)([kM]?)$/.exec(text.trim()) ?? []
    const size = Number(digits) * (unit === 'M' ? 1_000_000 : unit === 'k' ? 1_000 : 1)
    if (size >= least) return size
    throw new CommandError(`--${option}: "${text}" is not a size of ${least} or more, as 10k`)
  })
  return [...new Set(sizes)].sort((a, b) => a - b)
}
