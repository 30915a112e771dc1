/** A diagnosis for people. */
import { styleText } from 'node:util'
import { escapeControls } from '../../codegen/escape-controls.ts'
import type { Severity } from './finding.ts'
import type { FixOutcome, ReportedFinding, Result } from './run.ts'

export interface Counts {
  errors: number
  warnings: number
  notes: number
  skipped: number
  well: number
}

export function countResults(results: readonly Result[]): Counts {
  const findings = results.flatMap((result) => result.findings)
  const of = (severity: Severity) => findings.filter((one) => one.severity === severity).length
  const like = (kind: Result['result']) => results.filter(({ result }) => result === kind).length
  return {
    errors: of('error'),
    warnings: of('warning'),
    notes: of('note'),
    skipped: like('skipped'),
    well: like('well'),
  }
}

const ORDER: readonly Severity[] = ['error', 'warning', 'note']
/** Accounts that are named of those of which the same is said. */
const NAMED = 5

const LOOK = { error: 'red', warning: 'yellow', note: 'cyan' } as const

/** What was found, the gravest first; then what could not be looked at; then how many of each. */
export function inWords(results: readonly Result[]): string {
  const all = findingsOf(results)
  const found = ORDER.flatMap((severity) =>
    all
      .filter((one) => one.severity === severity)
      .map(({ id, what, means, mend, accounts }) =>
        [
          `${styleText([LOOK[severity], 'bold'], severity.toUpperCase())}  ${styleText('bold', id)}${named(accounts)}`,
          `  ${plain(what)}`,
          `  ${means}`,
          `  ${styleText('green', 'What helps:')} ${mend}`,
          '',
        ].join('\n'),
      ),
  )
  const of = (severity: Severity) => all.filter((one) => one.severity === severity).length
  const counts = { errors: of('error'), warnings: of('warning'), notes: of('note') }
  return [
    ...found,
    ...skippedInWords(results),
    summary({ ...countResults(results), ...counts }),
  ].join('\n')
}

interface SharedFinding extends ReportedFinding {
  id: string
  /** Handles of those of which it is said; none: it is said of the host. */
  accounts: string[]
}

/** What is said of many accounts in the same words is said once. */
function findingsOf(results: readonly Result[]): SharedFinding[] {
  const known = new Map<string, SharedFinding>()
  for (const { id, account, findings } of results) {
    for (const finding of findings) {
      const { what, severity, mend } = finding
      const key = JSON.stringify([id, what, severity, mend, account === undefined])
      const one = known.get(key) ?? { ...finding, id, accounts: [] }
      known.set(key, one)
      if (account !== undefined && !one.accounts.includes(account)) one.accounts.push(account)
    }
  }
  return [...known.values()]
}

/** Of several, how many there are and the first few. */
function named(accounts: readonly string[]): string {
  if (accounts.length === 0) return ''
  const shown = accounts.slice(0, NAMED).map(plain).join(', ')
  if (accounts.length === 1) return `  ${shown}`
  const rest = accounts.length - NAMED
  return `  ${accounts.length} accounts: ${shown}${rest > 0 ? ` and ${rest} more` : ''}`
}

/** By reason, which many have in common. */
function skippedInWords(results: readonly Result[]): string[] {
  const skipped = Object.groupBy(
    results.filter(({ result }) => result === 'skipped'),
    ({ why }) => why ?? '',
  )
  const lines = Object.entries(skipped).map(([why, some = []]) => {
    const ids = [...new Set(some.map(({ id }) => id))]
    return `  ${plain(why)}: ${ids.join(', ')}`
  })
  return lines.length === 0 ? [] : ['Not looked at, since', ...lines, '']
}

function summary({ errors, warnings, notes, skipped, well }: Counts): string {
  const all: [number, string, string][] = [
    [errors, 'error', 'errors'],
    [warnings, 'warning', 'warnings'],
    [notes, 'note', 'notes'],
    [skipped, 'check not made', 'checks not made'],
  ]
  const said = all.flatMap(([count, one, many]) =>
    count > 0 ? [`${count} ${count === 1 ? one : many}`] : [],
  )
  return [`${well} ${well === 1 ? 'check' : 'checks'} found nothing wrong`, ...said].join(', ')
}

export const fixesInWords = (outcomes: readonly FixOutcome[]): string =>
  outcomes
    .map(({ does, error }) =>
      error === undefined
        ? `mended: ${plain(does)}`
        : `NOT mended: ${plain(does)}: ${plain(error)}`,
    )
    .join('\n')

/** What strangers said stays in its line. */
const plain = (text: string): string => escapeControls(text)
