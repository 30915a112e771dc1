/** `cumulus status --watch`: a state that is drawn again and again, until somebody has seen enough. */
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters, styleText } from 'node:util'
import { escapeControls } from '../../codegen/escape-controls.ts'
import type { HostReport, LiveReport } from '../../src/contracts/host-report.ts'
import { bars, perSecond, type Rates, ratesBetween } from './rates.ts'
import { errorsInWords, line, liveInWords } from './words.ts'

export interface WatchOptions {
  host: Pick<HostReport, 'publicUrl' | 'version'>
  /** Asks for the state of now. @throws Error in words */
  read(): Promise<LiveReport>
  /** ms between two states. */
  interval: number
  /** How many there are; undefined: until it is ended. */
  times: number | undefined
}

/** States that are drawn as bars. */
const KEPT = 60

/** ANSI: cursor home, clear from there; the other screen of the terminal, and no cursor. */
const HOME = '\u001b[H'
const CLEAR_LINE = '\u001b[K'
const CLEAR_BELOW = '\u001b[J'
const ENTER = '\u001b[?1049h\u001b[?25l'
const LEAVE = '\u001b[?25h\u001b[?1049l'

const CTRL_C = '\u0003'

/** Resolves when it is ended: by q, Ctrl-C, a signal, or after so many times. */
export async function watch(options: WatchOptions): Promise<void> {
  const { read, interval, times = Number.POSITIVE_INFINITY } = options
  const isTerminal = Boolean(process.stdout.isTTY)
  const end = new AbortController()
  const stop = () => end.abort()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  const leave = isTerminal ? enter(stop) : () => {}
  const events: number[] = []
  let before: LiveReport | undefined
  try {
    for (let count = 0; count < times && !end.signal.aborted; count++) {
      if (count > 0) await sleep(interval, undefined, { signal: end.signal }).catch(() => {})
      if (end.signal.aborted) break
      const state = await read().catch((error: unknown) => String((error as Error).message))
      if (end.signal.aborted) break
      if (typeof state === 'string') {
        show(isTerminal, [`no answer: ${escapeControls(state)}`], oneLine(state), options)
        before = undefined
        continue
      }
      const rates = ratesBetween(before, state)
      before = state
      if (rates) events.push(rates.events)
      if (events.length > KEPT) events.shift()
      show(isTerminal, dashboard(state, rates, events), liveLine(state, rates), options)
    }
  } finally {
    leave()
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, stop)
  }
}

/** @returns what gives the terminal back as it was */
function enter(stop: () => void): () => void {
  const { stdin, stdout } = process
  stdout.write(ENTER)
  const take = (keys: Buffer) => {
    // In raw mode Ctrl-C is a character.
    const typed = keys.toString().toLowerCase()
    if (typed.includes('q') || typed.includes(CTRL_C)) stop()
  }
  if (stdin.isTTY) {
    stdin.setRawMode(true)
    stdin.resume()
    stdin.on('data', take)
  }
  return () => {
    if (stdin.isTTY) {
      stdin.setRawMode(false)
      stdin.off('data', take)
      stdin.pause()
    }
    stdout.write(LEAVE)
  }
}

function show(
  isTerminal: boolean,
  lines: readonly string[],
  single: string,
  { host, interval }: WatchOptions,
): void {
  if (!isTerminal) {
    process.stdout.write(`${single}\n`)
    return
  }
  const { columns = 80, rows = 24 } = process.stdout
  const head = `${styleText('bold', host.publicUrl)}  Cumulus ${host.version}  ${styleText('dim', `every ${interval / 1000} s, q ends`)}`
  const shown = [head, '', ...lines].slice(0, rows - 1).map((text) => cut(text, columns))
  process.stdout.write(
    `${HOME}${shown.map((text) => `${text}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}`,
  )
}

/** A line that is too long would move all others: without its colours, then. */
function cut(text: string, columns: number): string {
  const plain = stripVTControlCharacters(text)
  return plain.length <= columns ? text : `${plain.slice(0, columns - 1)}…`
}

function dashboard(
  state: LiveReport,
  rates: Rates | undefined,
  events: readonly number[],
): string[] {
  const { totals } = state
  return [
    line('events', `${perSecond(rates?.events).padEnd(8)} ${bars(events)}`),
    ...(totals
      ? [
          line('writes', `${perSecond(rates?.writes)}, ${totals.writes} since the start`),
          line(
            'requests',
            `${perSecond(rates?.requests)}, ${perSecond(rates?.failed)} of them failed`,
          ),
          line('outbox', totals.undelivered === 0 ? 'empty' : `${totals.undelivered} events wait`),
        ]
      : []),
    ...liveInWords(state),
    ...errorsInWords(state),
  ]
}

/** Where there is no terminal: one line, easily searched. */
function liveLine(
  { firehose, mails, totals, errors, now }: LiveReport,
  rates: Rates | undefined,
): string {
  return [
    new Date(now).toISOString(),
    `event=${firehose.head}`,
    `events=${perSecond(rates?.events)}`,
    ...(totals
      ? [`writes=${perSecond(rates?.writes)}`, `requests=${perSecond(rates?.requests)}`]
      : []),
    `consumers=${firehose.consumers}`,
    `behind=${firehose.behind}`,
    `mails=${mails.waiting}`,
    `errors=${totals?.errors ?? errors.length}`,
  ].join('  ')
}

const oneLine = (message: string): string =>
  `${new Date().toISOString()}  no answer: ${escapeControls(message)}`
