import { DurableObject } from 'cloudflare:workers'
import type { RpcResult } from '../contracts/answer.ts'
import type { Env } from '../contracts/env.ts'
import { fromResult, toResult } from '../services/objects/result.ts'
import { exportCar } from '../storage/account/export.ts'
import { freeHold } from '../storage/account/export-snapshot.ts'
import type { Head } from '../storage/account/head.ts'
import { type ImportBase, type ImportOptions, readImport } from '../storage/account/import.ts'
import type { ImportCheck } from './account/repository.ts'

/**
 * Reads an import on a database of its own, a facet of the account's object, and gives it out again when it is known to
 * be good. SQLite does not give freed pages back to the disk, and a facet is deleted with its file.
 */
export class ImportCheckObject extends DurableObject<Env> {
  #head: Head | undefined

  /** Verifies a CAR file. The errors of `readImport` are values: RPC takes the class off an error. */
  check(
    car: ReadableStream<Uint8Array>,
    options: ImportOptions,
    base: ImportBase,
  ): Promise<RpcResult> {
    return toResult(async () => {
      const { sql } = this.ctx.storage
      const { commit, data, rev, staging } = await readImport(sql, car, options, base)
      staging.flush()
      this.#head = { ...commit, data, rev, lastEvent: 0 }
    })
  }

  /** What was verified, in pre-order. */
  read(): ReadableStream<Uint8Array> {
    if (!this.#head) throw new TypeError('nothing was checked')
    const { sql } = this.ctx.storage
    return exportCar(sql, this.#head, { hold: freeHold(), staged: true })
  }
}

const FACET = 'import'

/**
 * Where an account's imports are checked: on plain workerd beside its database. On Cloudflare freed pages are not
 * counted as stored, and the staging tables do.
 */
export function importCheck(ctx: DurableObjectState, env: Env): ImportCheck | undefined {
  if (env.BLOB_DISK === undefined) return undefined
  return {
    async run(car, options, base) {
      // One that a crash left behind.
      ctx.facets.delete(FACET)
      const facet = ctx.facets.get<ImportCheckObject>(FACET, () => ({ class: classOf(ctx) }))
      fromResult(await facet.check(car, options, base))
      return facet.read()
    },
    discard: () => ctx.facets.delete(FACET),
  }
}

/** The class as the platform knows it; the types of `exports` are those of a generated declaration only. */
const classOf = ({ exports }: DurableObjectState) =>
  (exports as { ImportCheckObject: DurableObjectClass<ImportCheckObject> }).ImportCheckObject
