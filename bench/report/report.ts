/** What a run measured: tables, and figures held against their aims. */
import { availableParallelism, cpus, loadavg } from 'node:os'
import type { Figure } from '../load/spread.ts'
import { progress } from '../progress.ts'
import type { Server } from '../servers/server.ts'
import { Aims, type Comparison } from './aims.ts'
import { type Cell, number, table } from './text.ts'

/** How many times another server's a figure should be; at most, where it says so. */
export interface TimesAim {
  reference?: number
  peer?: number
  comparison?: Comparison
}

export class Report {
  /** What was compared, where and when. */
  readonly heading: string[]
  readonly tables: { title: string; head: string[]; lines: Cell[][] }[] = []
  readonly aims = new Aims()
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
    comparison: Comparison,
    target: number,
    value: number | undefined,
    unit: string,
  ): void {
    this.aims.own(what, value, unit, { comparison, target })
  }

  /** Holds how many times another server's it is against what is wanted of it, if anything is. */
  compare(what: string, { kind, name }: Server, times: Figure, aim: TimesAim = {}): void {
    const target = kind === 'reference' ? aim.reference : kind === 'foreign' ? aim.peer : undefined
    const held = target === undefined ? undefined : { comparison: aim.comparison ?? '≥', target }
    this.aims.times(what, name, times, held)
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

  /** The tables as text, that of the aims last. */
  text(): string {
    const aims = this.aims.text()
    const { all, missed } = this.aims.count
    return [
      ...this.heading,
      ...this.tables
        .filter(({ lines }) => lines.length > 0)
        .map(({ title, head, lines }) => `\n${title}\n${table(head, lines)}`),
      ...(aims
        ? [
            `\n${all > 0 ? `Aims: ${all - missed} of ${all} met` : 'CPU of each; without another server these rows have no aims'}\n${aims}`,
          ]
        : []),
      ...this.failures.map((failure) => `\nfailed: ${failure}`),
    ].join('\n')
  }
}
