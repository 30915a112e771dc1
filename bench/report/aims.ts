/** The table of aims: each figure, what it should be, and how it stands beside other servers and the floor. */
import type { Figure } from '../load/spread.ts'
import { type Cell, number, percent, table } from './text.ts'

export type Comparison = '≥' | '≤'

/** A figure, and what it should be, where that is said. */
interface Held {
  value: number
  spread?: number | undefined
  unit: string
  aim?: { comparison: Comparison; target: number } | undefined
}

interface Line {
  /** What it is by itself. */
  own?: Held
  /** How many times that of other servers, by their names. */
  times: Map<string, Held>
  /** ms of CPU for a request, of Cumulus and of a Worker that does the least. */
  cpu?: number | undefined
  floor?: number | undefined
}

export class Aims {
  readonly #lines = new Map<string, Line>()

  /** A figure of Cumulus by itself. One that is missing or not a number is left out. */
  own(what: string, value: number | undefined, unit: string, aim?: Held['aim']): void {
    if (value === undefined || Number.isNaN(value)) return
    this.#line(what).own = { value, unit, aim }
  }

  /** How many times that of another server it is. */
  times(what: string, server: string, { value, spread }: Figure, aim?: Held['aim']): void {
    if (Number.isNaN(value)) return
    this.#line(what).times.set(server, { value, spread, unit: '×', aim })
  }

  /** ms of CPU for a request, beside that of a Worker that does the least. */
  cost(what: string, cpu: number | undefined, floor: number | undefined): void {
    const line = this.#line(what)
    line.cpu = cpu
    line.floor = floor
  }

  /** How many aims there are, and how many are missed. */
  get count(): { all: number; missed: number } {
    const held = [...this.#lines.values()].flatMap(({ own, times }) => [
      ...(own ? [own] : []),
      ...times.values(),
    ])
    const outcomes = held.flatMap((one) => outcomeOf(one) ?? [])
    return { all: outcomes.length, missed: outcomes.filter((one) => one !== MET).length }
  }

  /** All of it, for JSON. */
  toJSON(): object[] {
    return [...this.#lines].map(([what, { own, times, cpu, floor }]) => ({
      what,
      ...(own && { own: { ...own, outcome: outcomeOf(own) } }),
      times: Object.fromEntries(
        [...times].map(([server, held]) => [server, { ...held, outcome: outcomeOf(held) }]),
      ),
      cpu,
      floor,
    }))
  }

  /** The table; empty when there is nothing. */
  text(): string {
    if (this.#lines.size === 0) return ''
    const servers = [
      ...new Set([...this.#lines.values()].flatMap(({ times }) => [...times.keys()])),
    ]
    const columns = servers.flatMap((server) => [`× ${server}`, '±', 'aim', ''])
    const head = ['', 'cumulus', 'aim', '', ...columns, 'CPU, ms', 'floor']
    const lines = [...this.#lines].map(([what, { own, times, cpu, floor }]): Cell[] => [
      what,
      ...(own ? [`${number(own.value)} ${own.unit}`, ...aimCells(own)] : ['', '', '']),
      ...servers.flatMap((server): Cell[] => {
        const held = times.get(server)
        if (!held) return ['', '', '', '']
        return [number(held.value), percent(held.spread ?? Number.NaN), ...aimCells(held)]
      }),
      ...[cpu, floor].map((ms) => (ms === undefined || Number.isNaN(ms) ? '' : ms)),
    ])
    return table(head, lines)
  }

  #line(what: string): Line {
    const known = this.#lines.get(what)
    if (known) return known
    const line: Line = { times: new Map() }
    this.#lines.set(what, line)
    return line
  }
}

const MET = 'met'

/** "met", or by how much it is missed; undefined where there is no aim. */
export function outcomeOf({ value, aim }: Pick<Held, 'value' | 'aim'>): string | undefined {
  if (!aim) return undefined
  const { comparison, target } = aim
  const missed = 100 * (comparison === '≥' ? 1 - value / target : value / target - 1)
  return missed > 0 ? `missed by ${Math.max(1, Math.round(missed))} %` : MET
}

const aimCells = (held: Held): string[] =>
  held.aim ? [`${held.aim.comparison} ${number(held.aim.target)}`, outcomeOf(held) ?? ''] : ['', '']
