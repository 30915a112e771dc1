/** What the terminal sees: one line for each thing that changed, and one that sums up. */
import { type Diagnostic, formatDiagnostic } from './diagnostics.ts'
import { escapeControls } from './escape-controls.ts'

const SIGNS = { added: '+', changed: '~', removed: '-', kept: '!' } as const

export type ChangeKind = keyof typeof SIGNS

/** `+ src/generated/routes.ts` */
export const changeLine = (change: ChangeKind, what: string, note = ''): string =>
  escapeControls(`${SIGNS[change]} ${what}${note && `  (${note})`}`)

/** `3 added, 1 removed`; kinds that did not occur are left out. */
export function countChanges(changes: readonly { change: ChangeKind }[]): string {
  const counts = new Map<ChangeKind, number>()
  for (const { change } of changes) counts.set(change, (counts.get(change) ?? 0) + 1)
  return (Object.keys(SIGNS) as ChangeKind[])
    .flatMap((kind) => (counts.has(kind) ? [`${counts.get(kind)} ${kind}`] : []))
    .join(', ')
}

/** `1 file`, `2 files` */
export const count = (number: number, noun: string, plural = `${noun}s`): string =>
  `${number} ${number === 1 ? noun : plural}`

/** `0.58 s` */
export const seconds = (since: number): string =>
  `${((performance.now() - since) / 1000).toFixed(2)} s`

/** Diagnostics go to standard error, so that `--json` output stays clean. */
export function printDiagnostics(diagnostics: readonly Diagnostic[]): void {
  for (const diagnostic of diagnostics) console.error(formatDiagnostic(diagnostic))
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length
  if (errors > 0) console.error(count(errors, 'error'))
}

/** Prints a value as JSON for scripts; texts of strangers in it give no orders to a terminal. */
export const printJson = (value: unknown): void =>
  console.log(escapeControls(JSON.stringify(value, null, 2), '\n'))
