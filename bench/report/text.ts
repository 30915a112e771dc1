/** How figures and tables are written. */

/** Numbers are printed with three significant digits; what is missing or not a number as a dash. */
export type Cell = string | number | undefined

/** Aligns columns: the first to the left, the others to the right. */
export function table(head: string[], lines: Cell[][]): string {
  const all = [head, ...lines.map((line) => line.map(text))]
  const widths = head.map((_, at) => Math.max(...all.map((line) => (line[at] ?? '').length)))
  const aligned = all.map((line) =>
    widths.map((width, at) => (line[at] ?? '')[at === 0 ? 'padEnd' : 'padStart'](width)),
  )
  return aligned.map((line) => `  ${line.join('  ').trimEnd()}`).join('\n')
}

/** A figure with the three digits that count. */
export function number(value: number): string {
  const size = Math.abs(value)
  const digits = Number.isInteger(value) || size >= 100 ? 0 : size >= 10 ? 1 : 2
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits }
  return value.toLocaleString('en', options)
}

/** A part of one in percent; undefined where it is not known. */
export const percent = (part: number): string | undefined =>
  Number.isNaN(part) ? undefined : `${(100 * part).toFixed(part < 0.1 ? 1 : 0)} %`

function text(cell: Cell): string {
  if (typeof cell === 'string') return cell
  return cell === undefined || Number.isNaN(cell) ? '–' : number(cell)
}
