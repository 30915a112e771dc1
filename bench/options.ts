/** The options of a run, and the names of its rows. */
import { UsageError } from '../cli/terminal/errors.ts'
import type { Baseline } from './against.ts'
import type { Pace } from './load/drive.ts'

export interface Options {
  /** Names of rows, or of groups of rows; empty means all. */
  only: string[]
  /** Records per repository, ascending. */
  sizes: number[]
  /** Accounts per host, ascending, for the row "accounts". */
  accounts: number[]
  /** Rounds of a row, and how well its figures have to be known. */
  pace: Pace
  /** Less of everything that takes long. */
  quick: boolean
  /** What Cumulus is compared with. */
  baselines: Baseline[]
  /** Where the PLC directory listens, for servers that run already. */
  plcPort?: number | undefined
}

const FLOOR_ROWS = ['floor-empty', 'floor-call'] as const
const ACCOUNT_ROWS = ['createAccount', 'createAccount-4', 'createAccount-web'] as const
const WRITE_ROWS = ['createRecord', 'createRecord-16', 'putRecord', 'deleteRecord'] as const
const READ_ROWS = ['getRecord', 'getRecord-16', 'listRecords-50', 'listRecords-100'] as const
const BULK_ROWS = [
  'applyWrites',
  'getRepo',
  'importRepo',
  'uploadBlob-1M',
  'uploadBlob-50M',
] as const
const SERVER_ROWS = ['firehose', 'start', 'memory', 'bundle', 'counts'] as const
/** Rows about repositories of several sizes. */
export const REPO_ROWS = [
  FLOOR_ROWS,
  ACCOUNT_ROWS,
  WRITE_ROWS,
  READ_ROWS,
  BULK_ROWS,
  SERVER_ROWS,
].flat()
/** Rows about hosts, their firehose and what they forward; and the generator. */
export const HOST_ROWS = [
  'accounts',
  'fanout',
  'replay',
  'coldStart',
  'liveObjects',
  'proxy',
  'codegen',
] as const
export const ROWS = [...REPO_ROWS, ...HOST_ROWS]

export type RowName = (typeof ROWS)[number]

/** Whether `--only` lets the row run. */
export const wants = ({ only }: Pick<Options, 'only'>, row: RowName): boolean =>
  only.length === 0 || only.some((name) => covers(name, row))

/** Whether `name` means the row: exactly, or without what follows the dash. */
export const covers = (name: string, row: RowName): boolean =>
  name === row || name === row.split('-')[0]

/** Parses names of rows, separated by commas. @throws UsageError when there is no such row */
export function parseRows(list: string): string[] {
  const names = list.split(',').filter((name) => name !== '')
  const unknown = names.find((name) => !ROWS.some((row) => covers(name, row)))
  if (unknown === undefined) return names
  throw new UsageError(`there is no row "${unknown}"; rows are ${ROWS.join(', ')}`)
}

/** Parses sizes such as `1k,10k`. @returns them ascending. @throws UsageError */
export function parseSizes(option: string, list: string, least: number): number[] {
  const sizes = list.split(',').map((text) => {
    const [, digits, unit] = /^(\d+)([kM]?)$/.exec(text.trim()) ?? []
    const size = Number(digits) * (unit === 'M' ? 1_000_000 : unit === 'k' ? 1_000 : 1)
    if (size >= least) return size
    throw new UsageError(`--${option}: "${text}" is not a size of ${least} or more, as 10k`)
  })
  return [...new Set(sizes)].sort((a, b) => a - b)
}

/** Rounds of a row at least, and at most. */
const ROUNDS = { least: 6, most: 16 }
/** They say less about how sure figures are. */
const QUICK_ROUNDS = { least: 3, most: 5 }

/**
 * @param seconds of a row and server, at least
 * @param spread in percent
 * @throws UsageError
 */
export function parsePace(seconds: string, spread: string, quick: boolean): Pace {
  const { least, most } = quick ? QUICK_ROUNDS : ROUNDS
  if (!(Number(seconds) > 0)) throw new UsageError(`--seconds ${seconds} is not a time`)
  if (!(Number(spread) > 0)) throw new UsageError(`--spread ${spread} is no percentage`)
  return { seconds: Number(seconds) / least, least, most, spread: Number(spread) / 100 }
}

/** @throws UsageError */
export function parsePort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new UsageError(`--plc-port ${text} is no port`)
}
