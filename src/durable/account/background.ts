import type { Env } from '../../contracts/env.ts'
import { createLogger } from '../../kernel/log.ts'
import { sequencer } from '../../services/objects/stubs.ts'
import type { BlobIndex } from '../../storage/account/blobs.ts'
import type { Outbox } from '../../storage/account/outbox.ts'
import { blobStore } from '../../storage/blobs/choose.ts'
import type { SourceState } from '../../storage/sequencer/sources.ts'

/** How long after a write the alarm looks whether its event was delivered, in ms. */
const RETRY = 10_000

/** Bodies sent to the sequencer at once, in bytes; an RPC message may have 32 MiB. */
const DELIVERY_SIZE = 8 * 1024 * 1024

/** Unwanted blobs looked up at once. */
const TIDY_BATCH = 100

/** Work of another kind, done when the alarm rings. */
export interface Chore {
  run(): Promise<void>
  /** When it is to be done, in ms since the epoch; undefined: there is nothing to do. */
  due(): number | undefined
}

/** What an account does in the background: deliver its events, delete what nobody wants any more. */
export class AccountChores {
  readonly #ctx: DurableObjectState
  readonly #env: Env
  readonly #outbox: Outbox
  readonly #blobs: BlobIndex
  /** The account's DID, once there is an account. */
  readonly #did: () => string
  /** What the sequencer is to know of the account besides its events. */
  readonly #state: () => SourceState
  readonly #more: Chore
  #alarmAt = 0
  #delivery: Promise<void> | undefined

  constructor(
    ctx: DurableObjectState,
    env: Env,
    outbox: Outbox,
    blobs: BlobIndex,
    did: () => string,
    state: () => SourceState,
    more: Chore,
  ) {
    this.#ctx = ctx
    this.#env = env
    this.#outbox = outbox
    this.#blobs = blobs
    this.#did = did
    this.#state = state
    this.#more = more
  }

  /**
   * Begins what there is to do. The alarm is set first, in the same storage transaction as the write that
   * gave cause, so that a crash in between delays the work and loses nothing.
   */
  soon(): void {
    this.#wakeSoon()
    this.#ctx.waitUntil(this.#try('delivering events failed', () => this.#deliver()))
    if (this.#blobs.untidy) {
      this.#ctx.waitUntil(this.#try('deleting blobs failed', () => this.#tidy()))
    }
  }

  /**
   * Resolves when the delivery under way is over, well or not. For changes that listings of all accounts
   * are to show as soon as they are acknowledged.
   */
  async delivered(): Promise<void> {
    await this.#delivery?.catch(() => undefined)
  }

  /**
   * Does everything now, and sets the alarm for what is due later. After a failure that is soon: an alarm
   * that throws is repeated by the platform a few times only, and then given up.
   */
  async onAlarm(): Promise<void> {
    this.#alarmAt = 0
    const delivered = await this.#try('delivering events failed', () => this.#deliver())
    if (delivered) this.#outbox.settle()
    const tidied = await this.#try('deleting blobs failed', () => this.#tidy())
    const more = await this.#try('completing the account failed', () => this.#more.run())
    const next = delivered && tidied && more ? this.#nextDue() : Date.now() + RETRY
    if (next !== undefined && this.#alarmAt === 0) await this.#ctx.storage.setAlarm(next)
  }

  #nextDue(): number | undefined {
    const due = [this.#blobs.nextExpiry(), this.#more.due()].filter((at) => at !== undefined)
    return due.length > 0 ? Math.min(...due) : undefined
  }

  /** Whether `work` went well. What failed is still in the store, and its cause goes to the log. */
  async #try(message: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      createLogger({ account: this.#did() }).error(message, error)
      return false
    }
  }

  /** Sets the alarm, unless it will ring soon anyway. What is due later is set when it rings. */
  #wakeSoon(): void {
    const now = Date.now()
    if (this.#alarmAt >= now) return
    this.#alarmAt = now + RETRY
    this.#ctx.waitUntil(this.#ctx.storage.setAlarm(this.#alarmAt))
  }

  /** Delivers until the outbox is empty; one delivery at a time keeps the order. */
  #deliver(): Promise<void> {
    this.#delivery ??= this.#deliverAll().finally(() => {
      this.#delivery = undefined
    })
    return this.#delivery
  }

  async #deliverAll(): Promise<void> {
    for (;;) {
      const events = this.#outbox.peek(DELIVERY_SIZE)
      const newest = events.at(-1)
      if (!newest) return
      await sequencer(this.#env).append(this.#did(), events, this.#state())
      this.#outbox.confirm(newest.id)
    }
  }

  async #tidy(): Promise<void> {
    this.#blobs.expire(Date.now())
    const store = blobStore(this.#env)
    for (;;) {
      const keys = this.#blobs.unwanted(TIDY_BATCH)
      if (keys.length === 0) return
      for (const key of keys) {
        await store.delete(key)
        this.#blobs.forget(key)
      }
    }
  }
}
