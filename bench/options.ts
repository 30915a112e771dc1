/** The command line of `npm run bench`. */
import { parseArgs } from 'node:util'

export interface Options {
  /** Names of rows, or of groups of rows; empty means all. */
  only: string[]
  /** Records per repository, ascending. */
  sizes: number[]
  /** Accounts per host, ascending, for the rows that are about those. */
  accounts: number[]
  /** Measured seconds per row and server. */
  seconds: number
  oursOnly: boolean
  json: boolean
  /** The row to profile instead of measuring. */
  profile: string | undefined
}

/** Every row, in the order of the table. */
export const ROWS = [
  'createAccount',
  'createAccount-4',
  'createAccount-web',
  'createRecord',
  'createRecord-16',
  'putRecord',
  'deleteRecord',
  'applyWrites',
  'getRecord',
  'getRecord-16',
  'listRecords-50',
  'listRecords-100',
  'getRepo',
  'importRepo',
  'uploadBlob-500k',
  'uploadBlob-50M',
  'firehose',
  'start',
  'bundle',
  'counts',
  'accounts',
  'fanout',
  'replay',
  'coldStart',
  'liveObjects',
] as const

export type RowName = (typeof ROWS)[number]

export const HELP = `npm run bench -- [options]

Runs Cumulus on workerd and @atproto/pds on Node side by side and compares them.

  --only <row,...>   only these rows; "createRecord" also means createRecord-16
  --sizes <n,...>    records per repository (default 1k,10k,100k); the reference is filled up to 10k
  --accounts <n,...> accounts per host in the row "accounts" (default 10,1k,10k; 10k take 2 GB of disk)
  --big              adds 1M to the sizes
  --seconds <n>      measured seconds per row and server (default 3)
  --ours-only        leaves the reference out
  --profile <row>    instead: a V8 CPU profile of Cumulus while it serves that row, and its hottest functions
  --json             the result as JSON on stdout
  --help             this

Rows: ${ROWS.join(', ')}

"accounts" measures requests on hosts of several sizes; "fanout", "replay", "coldStart" and "liveObjects" are
about consumers of the firehose, its log, and objects that are not in memory, or are.

Exit codes: 0 all aims met, 1 an aim was missed or a row failed, 2 the command line makes no sense.`

/** What was asked for makes no sense; the message says why. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** @returns 'help' when that is all that was asked for. @throws UsageError */
export function parseOptions(argv: string[]): Options | 'help' {
  const { values } = parse(argv)
  if (values.help) return 'help'
  const only = (values.only ?? '').split(',').filter((name) => name !== '')
  for (const name of only) known(name)
  if (values.profile !== undefined) known(values.profile)
  const seconds = Number(values.seconds ?? 3)
  if (!(seconds > 0)) throw new UsageError(`--seconds ${values.seconds} is not a time`)
  const sizes = parseSizes('sizes', values.sizes ?? '1k,10k,100k', 200)
  if (values.big) sizes.push(1_000_000)
  return {
    only,
    sizes: ascending(sizes),
    accounts: ascending(parseSizes('accounts', values.accounts ?? '10,1k,10k', 2)),
    seconds,
    oursOnly: values['ours-only'] ?? false,
    json: values.json ?? false,
    profile: values.profile,
  }
}

/** Whether `--only` lets the row run. */
export function wants(options: Pick<Options, 'only'>, row: RowName): boolean {
  return options.only.length === 0 || options.only.some((name) => covers(name, row))
}

/** Whether `name` means the row: exactly, or without what follows the dash. */
export const covers = (name: string, row: RowName): boolean =>
  name === row || name === row.split('-')[0]

function parse(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      options: {
        only: { type: 'string' },
        sizes: { type: 'string' },
        accounts: { type: 'string' },
        seconds: { type: 'string' },
        profile: { type: 'string' },
        big: { type: 'boolean' },
        'ours-only': { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function known(name: string): void {
  if (ROWS.some((row) => covers(name, row))) return
  throw new UsageError(`there is no row "${name}"; rows are ${ROWS.join(', ')}`)
}

function parseSizes(option: string, list: string, least: number): number[] {
  return list.split(',').map((text) => {
    const [, digits, unit] = /^(\d+)([kM]?)$/.exec(text.trim()) ?? []
    const size = Number(digits) * (unit === 'M' ? 1_000_000 : unit === 'k' ? 1_000 : 1)
    if (size >= least) return size
    throw new UsageError(`--${option}: "${text}" is not a size of ${least} or more, as 10k`)
  })
}

const ascending = (sizes: number[]): number[] => [...new Set(sizes)].sort((a, b) => a - b)
