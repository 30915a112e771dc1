/** Progress of long work: a bar on a terminal, otherwise a line now and then. Always on stderr. */
import { progress as bar } from '@clack/prompts'
import { escapeControls } from '../../codegen/escape-controls.ts'

/** Where nobody watches, a line this often, in ms. */
const LINE_INTERVAL = 10_000

export interface Progress {
  /** Notes that `amount` more is done. @param note what is shown behind the counts, such as bytes */
  advance(amount?: number, note?: string): void
  /** Says what is done now, without a step forward. */
  note(text: string): void
  /** Ends it, with what is left standing. */
  done(text: string): void
  /** Ends it where the work failed. */
  failed(text: string): void
}

export interface ProgressOptions {
  /** How much there is to do; unknown where it is left out. */
  total?: number
  /** What is counted, such as `blobs`. */
  unit?: string
  /** Done by an earlier run. */
  done?: number
  out?: NodeJS.WriteStream
}

/** Shows how far something is, how fast it goes and how long it takes still. */
export function progress(label: string, options: ProgressOptions = {}): Progress {
  const { total, unit = '', out = process.stderr } = options
  const counter = new Counter(options)
  // Notes may be names, or what another host says.
  const text = (note: string) =>
    escapeControls([label, counter.text(unit), note].filter(Boolean).join('  '))
  if (!out.isTTY) return lines(text, counter, out)
  const shown = bar({ max: total ?? 1, size: 30, output: out, style: 'block' })
  shown.start(text(''))
  if (total && counter.done > 0) shown.advance(counter.done)
  return {
    advance(amount = 1, note = '') {
      counter.add(amount)
      shown.advance(total ? amount : 0, text(note))
    },
    note: (note) => shown.message(text(note)),
    done: (note) => shown.stop(escapeControls(`${label}  ${note}`)),
    failed: (note) => shown.error(escapeControls(`${label}  ${note}`)),
  }
}

function lines(
  text: (note: string) => string,
  counter: Counter,
  out: NodeJS.WriteStream,
): Progress {
  let last = Date.now()
  const say = (note: string) => out.write(`${text(note)}\n`)
  return {
    advance(amount = 1, note = '') {
      counter.add(amount)
      if (Date.now() - last < LINE_INTERVAL) return
      last = Date.now()
      say(note)
    },
    note: say,
    done: say,
    failed: say,
  }
}

/** Counts, and how fast. */
class Counter {
  done: number
  readonly #total: number | undefined
  readonly #before: number
  readonly #start = Date.now()

  constructor({ total, done = 0 }: ProgressOptions) {
    this.#total = total
    this.#before = done
    this.done = done
  }

  add(amount: number): void {
    this.done += amount
  }

  /** Such as `120 of 500 blobs, 35/s, 11 s left`. */
  text(unit: string): string {
    if (this.done === 0 && this.#total === undefined) return ''
    const seconds = (Date.now() - this.#start) / 1000
    const rate = (this.done - this.#before) / Math.max(seconds, 0.001)
    const of = this.#total === undefined ? '' : ` of ${this.#total}`
    const parts = [`${this.done}${of}${unit && ` ${unit}`}`]
    if (seconds >= 1 && rate > 0) {
      parts.push(`${rate < 10 ? rate.toFixed(1) : rate.toFixed(0)}/s`)
      const left = this.#total === undefined ? 0 : (this.#total - this.done) / rate
      if (left >= 1) parts.push(`${duration(left)} left`)
    }
    return parts.join(', ')
  }
}

/** Seconds in words. */
export const duration = (seconds: number): string =>
  seconds < 100 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`
