/** What a run measured: tables, and figures held against their targets. */
import { availableParallelism, cpus, loadavg } from 'node:os'
import { progress } from '../progress.ts'

/** Numbers are printed with three significant digits; what is missing or not a number as a dash. */
export type Cell = string | number | undefined

/** One target, and how it came out. */
interface Result {
  what: string
  target: string
  measured: string
  /** "met", or by how much it was missed. */
  outcome: string
}

export class Report {
  /** What was compared, where and when. */
  readonly heading: string[]
  readonly tables: { title: string; head: string[]; lines: Cell[][] }[] = []
  readonly targets: Result[] = []
  /** What went wrong, in words. */
  readonly failures: string[] = []

  constructor(servers: string[]) {
    const machine = `${availableParallelism()} × ${cpus()[0]?.model}, client on the same machine`
    // What else the machine was doing: the load average of the last minute before the run.
    const load = `load ${number(loadavg()[0] ?? 0)} before`
    this.heading = [...servers, `${machine}, ${load}, ${new Date().toISOString().slice(0, 10)}`]
  }

  /** Adds a table, which is not printed while it has no lines. @returns what adds one */
  table(title: string, head: string[]): (line: Cell[]) => void {
    const lines: Cell[][] = []
    this.tables.push({ title, head, lines })
    return (line) => void lines.push(line)
  }

  /** Holds a figure, where there is one, against the least that it should be, or the most. */
  check(
    what: string,
    comparison: '≥' | '≤',
    target: number,
    value: number | undefined,
    unit: string,
  ): void {
    if (value === undefined || Number.isNaN(value)) return
    const missed = 100 * (comparison === '≥' ? 1 - value / target : value / target - 1)
    this.targets.push({
      what,
      target: `${comparison} ${number(target)} ${unit}`,
      measured: `${number(value)} ${unit}`,
      outcome: missed > 0 ? `missed by ${missed.toFixed(0)} %` : 'met',
    })
  }

  /** Does a part of the run: one that fails must not take with it what the others have measured. */
  async attempt(part: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      const failure = `${part}: ${error instanceof Error ? error.message : error}`
      this.failures.push(failure)
      progress(failure)
    }
  }

  /** Whether everything was measured and every target met. */
  get passed(): boolean {
    return this.failures.length === 0 && this.targets.every(({ outcome }) => outcome === 'met')
  }

  /** The tables as text, and the list of targets. */
  text(): string {
    const results = this.targets.map((result) => Object.values(result))
    const targets = { title: 'Targets', head: ['', 'target', 'measured', ''], lines: results }
    return [
      ...this.heading,
      ...[...this.tables, targets]
        .filter(({ lines }) => lines.length > 0)
        .map(({ title, head, lines }) => `\n${title}\n${table(head, lines)}`),
      ...this.failures.map((failure) => `\nfailed: ${failure}`),
    ].join('\n')
  }
}

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
  const digits = Number.isInteger(value) || value >= 100 ? 0 : value >= 10 ? 1 : 2
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits }
  return value.toLocaleString('en', options)
}

function text(cell: Cell): string {
  if (typeof cell === 'string') return cell
  return cell === undefined || Number.isNaN(cell) ? '–' : number(cell)
}
