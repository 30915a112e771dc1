/**
 * Where `afterWrite` of collection files runs: an entrypoint of its own, so that what it takes is its own, too. Only the
 * host's index calls it (`src/durable/index/hook-runner.ts`).
 */
import { WorkerEntrypoint } from 'cloudflare:workers'
import { withRequest } from '../../context/current-request.ts'
import { createRequestContext } from '../../context/request.ts'
import { servicesOf } from '../../context/services.ts'
import type { Env } from '../../contracts/env.ts'
import type { HookOutcome, HooksEntrypoint } from '../../contracts/host-index.ts'
import { cidString } from '../../kernel/cbor/cid.ts'
import { collectionDefinition } from '../../kernel/collection-files.ts'
import { createLogger } from '../../kernel/log.ts'
import { recordValue } from '../../services/records/json.ts'
import type { DoneWrite } from './define.ts'

export class Hooks extends WorkerEntrypoint<Env> implements HooksEntrypoint {
  async run(task: Parameters<HooksEntrypoint['run']>[0]): Promise<HookOutcome> {
    const { collection, did, rkey, action, rev, cid, block, attempt } = task
    const definition = await collectionDefinition(collection)
    // The release that runs now has no hook any more.
    if (!definition?.afterWrite) return { ok: true }
    const services = servicesOf(this.env)
    const uri = `at://${did}/${collection}/${rkey}`
    const log = createLogger({ hook: collection, uri })
    // Nobody asked: there is nobody to limit.
    const config = { ...services.config, rateLimits: false }
    const context = createRequestContext(
      new Request(services.config.publicUrl),
      config,
      log,
      this.ctx,
    )
    const write: DoneWrite<unknown> = {
      ...{ action, did, collection, rkey, uri, rev, attempt, services, log },
      cid: cid ? cidString(cid) : undefined,
      record: block ? recordValue(block) : undefined,
    }
    try {
      await withRequest(context, () => definition.afterWrite?.(write as never))
      return { ok: true }
    } catch (error) {
      return {
        ok: false,
        error: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      }
    }
  }
}
