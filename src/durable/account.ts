import { DurableObject } from 'cloudflare:workers'
import type { Holder, RpcObject, RpcResult } from '../contracts/answer.ts'
import type { Env } from '../contracts/env.ts'
import { ConfigError } from '../kernel/config/config.ts'
import { createLogger } from '../kernel/log.ts'
import { counters } from '../kernel/metrics/counters.ts'
import { toResult } from '../services/objects/result.ts'
import { migrations } from '../storage/account/schema.ts'
import { migrate } from '../storage/migrate.ts'
import { buildParts } from './account/parts.ts'
import { isRestoring, restoring } from './account/restore.ts'

/**
 * One account, named by DID: a thin shell that puts its parts together and owns the alarm. What each part answers
 * is in `src/contracts/account.ts`, what it stores in `src/storage/account`.
 */
export class AccountObject extends DurableObject<Env> implements RpcObject {
  /** Undefined: the store cannot be opened, such as one that a later release has written. */
  #built: ReturnType<typeof buildParts> | undefined
  #isRestoring = false

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    counters.objects.note('account', this)
    try {
      this.#open()
    } catch {
      // Whoever calls is told why; the operator can delete it even so.
    }
  }

  #open(): ReturnType<typeof buildParts> {
    const { storage } = this.ctx
    migrate(storage, migrations)
    this.#isRestoring = isRestoring(storage.kv)
    this.#built = this.#build()
    return this.#built
  }

  #build(): ReturnType<typeof buildParts> {
    return buildParts(this.ctx, this.env, {
      restored: {
        reload: () => {
          this.#built = this.#build()
        },
        changed: () => {
          this.#isRestoring = isRestoring(this.ctx.storage.kv)
        },
      },
      emptyStore: (did, cause) => this.#emptyStore(did, cause),
    })
  }

  /** Empties the store, whatever is in it, and goes on as after the deletion of an account. */
  async #emptyStore(did: string, cause?: unknown): Promise<void> {
    if (cause !== undefined) {
      const log = createLogger({ account: did })
      log.error('the store of an account that is to be deleted is damaged: it is emptied', cause)
    }
    const { storage } = this.ctx
    await this.ctx.blockConcurrencyWhile(async () => {
      await storage.deleteAll()
      this.#open().leaveAsDeleted(did)
    })
    await this.#built?.delivered()
  }

  call(
    part: string,
    method: string,
    args: readonly unknown[],
    holder?: Holder,
  ): Promise<RpcResult> {
    // Whoever may delete it is not kept from it by what became of it.
    const [known] = part === 'lifecycle' && method === 'destroy' && !holder ? args : []
    const mayEmpty = typeof known === 'string'
    let built: ReturnType<typeof buildParts>
    try {
      built = this.#built ?? this.#open()
    } catch (error) {
      if (mayEmpty && !(error instanceof ConfigError)) {
        return toResult(() => this.#emptyStore(known, error))
      }
      throw error
    }
    const { assertHolder, dispatcher } = built
    if (mayEmpty && this.#isRestoring) return toResult(() => this.#emptyStore(known))
    const check = () => {
      if (this.#isRestoring && part !== 'restore') throw restoring()
      if (holder) assertHolder(holder)
    }
    return dispatcher.callIf(check, part, method, args)
  }

  override async alarm(): Promise<void> {
    const { scheduler } = this.#built ?? this.#open()
    if (!this.#isRestoring) await scheduler.onAlarm()
  }
}
