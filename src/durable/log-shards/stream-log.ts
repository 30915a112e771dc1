import type { SequencedEvent, SourcedEvent } from '../../storage/sequencer/log.ts'
import type { SourcedLog } from '../sequencer/index-feed.ts'
import type { HostLists } from './host-lists.ts'

/** A log that says of each event whether its account may be seen now: what makes streams of it cannot ask, as that is elsewhere. */
export class StreamLog implements SourcedLog {
  readonly #log: SourcedLog
  readonly #lists: Pick<HostLists, 'areActive'>

  constructor(log: SourcedLog, lists: Pick<HostLists, 'areActive'>) {
    this.#log = log
    this.#lists = lists
  }

  get head(): number {
    return this.#log.head
  }

  get numbered(): number {
    return this.#log.numbered
  }

  settle(): boolean {
    return this.#log.settle()
  }

  get lastEventAt(): number | undefined {
    return this.#log.lastEventAt
  }

  countAfter(cursor: number): number {
    return this.#log.countAfter(cursor)
  }

  sizeAfter(cursor: number): number | undefined | Promise<number | undefined> {
    return this.#log.sizeAfter(cursor)
  }

  async after(cursor: number, limit: number, bytes: number): Promise<SequencedEvent[]> {
    const sourced = await this.afterWithSources(cursor, limit, bytes)
    return sourced.map(({ event }) => event)
  }

  async afterWithSources(cursor: number, limit: number, bytes: number): Promise<SourcedEvent[]> {
    const page = await this.#log.afterWithSources(cursor, limit, bytes)
    const active = await this.#lists.areActive([...new Set(page.map(({ did }) => did))])
    return page.map(({ did, event }) => ({
      did,
      event: { ...event, active: active.get(did) === true },
    }))
  }
}
