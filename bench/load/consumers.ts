/** Consumers of the firehose that know when everything arrived. */
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cleanup } from '../cleanup.ts'
import { end, type NodeChild, startNode } from '../servers/process.ts'
import { now } from './now.ts'

/** What has arrived; times as `now()` gives them. */
export interface Arrivals {
  /** When each message, in their order, was at the last consumer that has it. */
  last: number[]
  /** All consumers together. */
  messages: number
  bytes: number
  /** Connections that have ended. */
  closed: number
  /** When the newest bytes came. */
  newest: number
  /** Messages at the consumer that has the fewest. */
  fewest: number
  /** When the consumers began to connect. */
  started: number
}

const PATIENCE = 20_000
/** Silence after which everything has arrived, in ms. */
const SILENCE = 1500

export class Consumers {
  readonly #child: NodeChild['process']

  private constructor(child: NodeChild['process']) {
    this.#child = child
  }

  /** Connects `count` consumers; with `cursor`, those that want what came after it. */
  static async open(
    origin: string,
    count: number,
    cleanup: Cleanup,
    cursor?: number,
  ): Promise<Consumers> {
    const { process: child } = await startNode(
      process.execPath,
      join(import.meta.dirname, 'consumers-main.ts'),
      {
        ORIGIN: origin,
        COUNT: String(count),
        ...(cursor === undefined ? {} : { CURSOR: String(cursor) }),
      },
    )
    cleanup.add(() => end(child))
    return new Consumers(child)
  }

  /** Forgets what has arrived so far. */
  async reset(): Promise<void> {
    await this.#order('reset')
  }

  /** Waits until each consumer has so many messages. @throws Error when they do not come */
  async withAll(messages: number): Promise<Arrivals> {
    const until = now() + PATIENCE
    for (;;) {
      const arrivals = await this.#order('look')
      if (arrivals.fewest >= messages) return arrivals
      if (now() > until) {
        throw new Error(`${arrivals.fewest} of ${messages} events came, ${arrivals.closed} ended`)
      }
      await sleep(20)
    }
  }

  /** Waits until nothing more comes: for replays, whose number of events is not known before. */
  async untilSilent(): Promise<Arrivals> {
    for (;;) {
      const arrivals = await this.#order('look')
      const since = arrivals.newest || arrivals.started
      if (now() - since > SILENCE) return arrivals
      await sleep(100)
    }
  }

  close(): Promise<void> {
    return end(this.#child)
  }

  async #order(order: 'look' | 'reset'): Promise<Arrivals> {
    const answer = once(this.#child, 'message')
    this.#child.send(order)
    const [arrivals] = (await answer) as [Arrivals]
    return arrivals
  }
}
