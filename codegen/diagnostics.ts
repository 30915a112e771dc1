/** What is wrong, where, in a sentence: the currency of all checks. */
import { escapeControls } from './escape-controls.ts'
import { byCodeUnits } from './tree.ts'

/** A place inside a JSON document: property names and array indices from the top. */
export type JsonPath = readonly (string | number)[]

/** One complaint. Lines and columns count from 1; a file that is missing or odd as a whole has none. */
export interface Diagnostic {
  severity: 'error' | 'warning'
  file: string
  line?: number
  column?: number
  message: string
}

/** `lexicons/com/example/greet.json:7:21 unknown type "strng" - did you mean "string"?` */
export function formatDiagnostic({ severity, file, line, column, message }: Diagnostic): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':')
  return escapeControls(`${place} ${severity === 'warning' ? 'warning: ' : ''}${message}`)
}

export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some(({ severity }) => severity === 'error')

/** In the order in which a reader goes through the files. */
export const sortDiagnostics = (diagnostics: readonly Diagnostic[]): Diagnostic[] =>
  [...diagnostics].sort(
    (a, b) =>
      byCodeUnits(a.file, b.file) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0) ||
      byCodeUnits(a.message, b.message),
  )
