/** A diagnosis for people. */
import { styleText } from 'node:util'
import { escapeControls } from '../../codegen/escape-controls.ts'
import type { Severity } from './finding.ts'
import type { FixOutcome, Result } from './run.ts'

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
const LOOK = { error: 'red', warning: 'yellow', note: 'cyan' } as const

/** What was found, the gravest first; then what could not be looked at; then how many of each. */
export function inWords(results: readonly Result[]): string {
  const findings = results.flatMap((result) => result.findings.map((one) => ({ ...one, result })))
  const found = ORDER.flatMap((severity) =>
    findings
      .filter((one) => one.severity === severity)
      .map(({ what, means, mend, result: { id, account } }) =>
        [
          `${styleText([LOOK[severity], 'bold'], severity.toUpperCase())}  ${styleText('bold', id)}${account ? `  ${plain(account)}` : ''}`,
          `  ${plain(what)}`,
          `  ${means}`,
          `  ${styleText('green', 'What helps:')} ${mend}`,
          '',
        ].join('\n'),
      ),
  )
  return [...found, ...skippedInWords(results), summary(countResults(results))].join('\n')
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
