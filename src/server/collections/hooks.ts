/**
 * Where `afterWrite` of collection files runs: an entrypoint of its own, so that what it takes is its own, too. Only the
 * host's index calls it (`src/durable/index/hook-runner.ts`).
 */
import { WorkerEntrypoint } from 'cloudflare:workers'
import type { Env } from '../../contracts/env.ts'
import type { Failure } from '../../contracts/failure.ts'
import type { HookReport, HooksEntrypoint } from '../../contracts/host-index.ts'
import { cidString } from '../../kernel/cbor/cid.ts'
import { collectionDefinition } from '../../kernel/collection-files.ts'
import { recordValue } from '../../services/records/json.ts'
import type { HookTask } from '../../storage/index/task.ts'
import { failureOf, inBackground } from '../background.ts'
import type { DoneWrite } from './define.ts'

/** ms after which those that have ended are told of while others go on. */
const IMPATIENCE = 50

export class Hooks extends WorkerEntrypoint<Env> implements HooksEntrypoint {
  async run(
    tasks: readonly HookTask[],
    timeout: number,
    report: (reports: readonly HookReport[]) => unknown,
  ): Promise<HookReport[]> {
    let ended: HookReport[] = []
    let left = tasks.length
    const all = Promise.all(
      tasks.map(async (task) => {
        ended.push({ id: task.id, ...(await this.#tell(task, timeout)) })
        left--
      }),
    )
    while (left > 0) {
      await Promise.race([all, scheduler.wait(IMPATIENCE)])
      if (left === 0 || ended.length === 0) continue
      const some = ended
      ended = []
      await report(some)
    }
    return ended
  }

  /** @returns why it failed */
  async #tell(task: HookTask, timeout: number): Promise<Failure | undefined> {
    const { collection, did, rkey, action, rev, cid, block } = task
    const attempt = task.attempts + task.unheard
    const uri = `at://${did}/${collection}/${rkey}`
    return failureOf(async () => {
      const definition = await collectionDefinition(collection)
      // The release that runs now has no hook any more.
      if (!definition?.afterWrite) return
      await inBackground(this.env, this.ctx, { hook: collection, uri }, async (services, log) => {
        const write: DoneWrite<unknown> = {
          ...{ action, did, collection, rkey, uri, rev, attempt, services, log },
          cid: cid ? cidString(cid) : undefined,
          record: block ? recordValue(block) : undefined,
        }
        await definition.afterWrite?.(write as never)
      })
    }, timeout)
  }
}
