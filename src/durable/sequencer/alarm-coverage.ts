import type { EventLog } from '../../storage/sequencer/log.ts'
import type { Retention } from '../../storage/sequencer/retention.ts'

interface Parts {
  log: Pick<EventLog, 'total'>
  retention: Pick<Retention, 'fullAt'>
  /** When events are removed next; undefined: none are. */
  removal(): number | undefined
  /** Whether something waits for the next event. */
  isWaiting(): boolean
}

/** Whether the alarm is set for what is due next, whatever events come, until the log is full: then an event need not set it. */
export class AlarmCoverage {
  readonly #parts: Parts
  #isSet = false
  /** `Retention.fullAt` for which the alarm was set. */
  #forFullAt: number | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get isSet(): boolean {
    return this.#isSet
  }

  /** The alarm has fired, or something has become due. */
  end(): void {
    this.#isSet = false
  }

  /** To be called when the alarm is set for what is due next. */
  begin(): void {
    this.#isSet = this.#parts.removal() !== undefined && !this.#parts.isWaiting()
  }

  /** Whether the log has become too large since this was last asked. */
  becomesFull(): boolean {
    const { log, retention } = this.#parts
    const { fullAt } = retention
    if (log.total <= fullAt || this.#forFullAt === fullAt) return false
    this.#forFullAt = fullAt
    return true
  }
}
