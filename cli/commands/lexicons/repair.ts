/** `cumulus lexicons repair`: a function for the records that a lexicon would refuse. */
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ArgsDef } from 'citty'
import { jsonOption, rootOption } from '../../../codegen/commands/options.ts'
import { loadLexicons, shortHash } from '../../../codegen/load.ts'
import { count, printJson, seconds } from '../../../codegen/report.ts'
import { RefusedError } from '../../../src/services/backup/errors.ts'
import { HostClient } from '../../backup/host-client.ts'
import { findAccount, PASSWORD, readPassword } from '../../lexicons/account.ts'
import { type Allowed, readAllowed } from '../../lexicons/allowed.ts'
import { judgeOf } from '../../lexicons/judge.ts'
import { resolutionSettingsFrom } from '../../lexicons/network.ts'
import { diffLines } from '../../lexicons/record-diff.ts'
import { accountsWith } from '../../lexicons/records.ts'
import {
  type Outcome,
  type Repair,
  type RepairOptions,
  repairAccount,
  writingAs,
} from '../../lexicons/repair.ts'
import { RepairState } from '../../lexicons/repair-state.ts'
import { safe } from '../../operator/command.ts'
import { operatorArgs, originOf } from '../../operator/operator.ts'
import { command } from '../../terminal/command.ts'
import { CommandError, EXIT, UsageError } from '../../terminal/errors.ts'

const args = {
  nsid: { type: 'positional', required: true, description: 'The collection' },
  with: {
    type: 'string',
    required: true,
    valueHint: 'file',
    description: 'Module whose default export makes a good record of a failing one',
  },
  account: { type: 'string', valueHint: 'handle|did', description: 'One account' },
  accounts: {
    type: 'string',
    valueHint: 'file',
    description: 'Accounts that allowed it: lines of handle or DID and app password',
  },
  'dry-run': { type: 'boolean', description: 'Show what would change; needs no password' },
  state: {
    type: 'string',
    valueHint: 'file',
    description: 'Where it is kept how far it is (default: repair.<nsid>.json)',
  },
  host: operatorArgs.host,
  dev: { type: 'boolean', default: false, description: 'The server is that of `npm run dev`' },
  ...jsonOption,
  ...rootOption,
} as const satisfies ArgsDef

const ABOUT = `THE FUNCTION

  export default (record, { uri, cid, reason }) => ({ ...record, title: record.title ?? '' })

  It is given JSON as listRecords answers it, and returns the whole record, or undefined to leave it.
  What it makes is held against the lexicon in lexicons/ before it is written, and written only where
  the record is still the one that it was made of.

SETTINGS

  ${PASSWORD}  App password of --account; asked for where it is not set

EXIT CODES

  0  no record of these accounts is refused any more
  1  some still would be, or an account could not be opened
  2  the command line makes no sense`

const SIGNS = { repaired: '~', left: '=', failing: '!', refused: '!', changing: '!' } as const

export default command({
  name: 'repair',
  description: 'Apply a function to the records of a collection that a lexicon would refuse',
  args,
  about: ABOUT,
  async run({ nsid, root, json, ...given }) {
    const start = performance.now()
    const dryRun = given['dry-run'] ?? false
    const repair = await functionIn(given.with)
    const judge = await judgeOf(root, nsid)
    const origin = originOf(given)
    const host = new HostClient(origin)
    const accounts = await allowedOf(given, host, nsid, dryRun)
    const state = dryRun
      ? undefined
      : RepairState.open(given.state ?? `repair.${nsid}.json`, workOf(root, given.with, nsid))
    if (state?.isResumed && !json) console.log(`going on where ${state.path} says`)

    const outcomes: Outcome[] = []
    const counts = new Map<Outcome['outcome'], number>()
    let records = 0
    const options: RepairOptions = {
      host,
      collection: nsid,
      judge,
      repair,
      onPage: (looked) => {
        records += looked
      },
      onRecord: (outcome) => {
        counts.set(outcome.outcome, (counts.get(outcome.outcome) ?? 0) + 1)
        if (json) outcomes.push(outcome)
        else print(outcome, dryRun)
      },
    }
    const unopened: { account: string; why: string }[] = []
    for (const { account, password } of accounts) {
      try {
        const { did } = await findAccount(account, origin, resolutionSettingsFrom(process.env))
        if (state?.of(did).isDone) continue
        const work = (writer?: Parameters<typeof repairAccount>[1]) =>
          repairAccount(did, writer, state, options)
        await (dryRun ? work() : writingAs(origin, did, password, nsid, work))
      } catch (error) {
        if (!(error instanceof RefusedError || error instanceof CommandError)) throw error
        unopened.push({ account, why: error.message })
      }
    }
    if (unopened.length === 0) state?.end()
    const failing = [...counts].some(([outcome]) => outcome !== 'repaired')
    if (json) printJson({ nsid, host: origin, dryRun, records, outcomes, unopened })
    else {
      for (const { account, why } of unopened) console.log(safe(`not opened: ${account}: ${why}`))
      console.log(`${nsid}: ${summary(counts, records, dryRun)} (${seconds(start)})`)
    }
    if (failing || unopened.length > 0) process.exitCode = EXIT.failed
  },
})

/** @throws UsageError */
async function functionIn(file: string): Promise<Repair> {
  const path = resolve(file)
  if (!existsSync(path)) throw new UsageError(`--with ${file}: there is no such file`)
  const module: { default?: unknown } = await import(pathToFileURL(path).href)
  if (typeof module.default === 'function') return module.default as Repair
  throw new UsageError(`--with ${file}: its default export is not a function`)
}

/** With `--dry-run`, also all that the public may read, without passwords. @throws UsageError */
async function allowedOf(
  { account, accounts }: { account?: string; accounts?: string },
  host: HostClient,
  collection: string,
  dryRun: boolean,
): Promise<Allowed[]> {
  if (account !== undefined && accounts !== undefined) {
    throw new UsageError('--account goes not with --accounts')
  }
  if (accounts !== undefined) return readAllowed(accounts)
  if (account !== undefined) {
    return [{ account, password: dryRun ? '' : await readPassword(account) }]
  }
  if (!dryRun) throw new UsageError('say whose records: --account or --accounts')
  const all: Allowed[] = []
  for await (const did of accountsWith(host, collection)) all.push({ account: did, password: '' })
  return all
}

/** Names what is being done: another lexicon or function is other work. */
function workOf(root: string, file: string, nsid: string): string {
  const lexicons = loadLexicons(root).map(({ nsid, text }) => `${nsid} ${shortHash(text)}`)
  return shortHash([nsid, readFileSync(file, 'utf8'), ...lexicons].join('\n'))
}

function print({ outcome, uri, reason, before, after }: Outcome, dryRun: boolean): void {
  const note = outcome === 'repaired' ? '' : `  (${outcome}: ${reason})`
  console.log(safe(`${SIGNS[outcome]} ${uri}${note}`.replaceAll('\n', ' ')))
  if (!dryRun || outcome !== 'repaired') return
  for (const line of diffLines(before, after)) console.log(safe(`    ${line}`))
}

function summary(
  counts: ReadonlyMap<Outcome['outcome'], number>,
  records: number,
  dryRun: boolean,
): string {
  const sums = (Object.keys(SIGNS) as Outcome['outcome'][]).flatMap((kind) =>
    counts.has(kind)
      ? [`${counts.get(kind)} ${dryRun && kind === 'repaired' ? 'would be repaired' : kind}`]
      : [],
  )
  return [`${count(records, 'record')} looked at`, ...sums].join(', ')
}
