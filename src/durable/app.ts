import { DurableObject } from 'cloudflare:workers'
import type { RpcObject, RpcResult } from '../contracts/answer.ts'
import type { AppRpc } from '../contracts/app.ts'
import type { Env } from '../contracts/env.ts'
import { appMigrations } from '../kernel/app-tables.ts'
import { readConfig } from '../kernel/config/config.ts'
import { counters } from '../kernel/metrics/counters.ts'
import { DiskSpace } from '../services/objects/disk-space.ts'
import { hostObjects } from '../services/objects/stubs.ts'
import { addRows, beginRestore, dumpApp } from '../storage/app/dump.ts'
import { appliedOf, migrateApp } from '../storage/app/migrate.ts'
import { AppTables } from '../storage/app/tables.ts'
import { streamOf } from '../storage/dump.ts'
import { StorageError } from '../storage/error.ts'
import { linesOf } from '../storage/pieces.ts'
import { countRows } from '../storage/sql.ts'
import { RpcDispatcher } from './dispatcher.ts'

/**
 * The app's own tables: of one account, or of the host. An object and so a database of its own: whatever statement the app
 * runs, it reaches neither Cumulus's tables nor another account's.
 */
export class AppObject extends DurableObject<Env> implements RpcObject {
  readonly #dispatcher: RpcDispatcher<AppRpc>
  /** Whether the tables are those of this release. */
  #isOpen = false
  /** How often everything was removed. */
  #ends = 0

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    counters.objects.note('app', this)
    const { storage } = ctx
    const { devMode, appQuota } = readConfig({ ...env })
    const space = new DiskSpace(env)
    const rowCounter = devMode ? countRows(storage.sql) : undefined
    const tables = new AppTables(storage, rowCounter?.sql ?? storage.sql)
    this.#dispatcher = new RpcDispatcher<AppRpc>({
      tables: {
        run: async (owner, statements) => {
          // A full disk is read, and emptied.
          if (statements.some(([sql]) => !READS_OR_DELETES.test(sql))) await space.assertRoom()
          if (!this.#isOpen) await this.#open(owner)
          return tables.run(statements, owner === undefined ? appQuota.host : appQuota.account)
        },
      },
      lifecycle: {
        destroy: async () => {
          this.#isOpen = false
          this.#ends++
          await storage.deleteAll()
        },
      },
      backup: { dump: () => streamOf(dumpApp(storage).values()) },
      restore: {
        add: async (owner, bytes, first) => {
          const lines = [...linesOf([bytes])]
          if (first) {
            this.#isOpen = false
            await beginRestore(storage, appMigrations(scopeOf(owner)), lines.shift() ?? '')
          }
          addRows(storage, lines)
        },
      },
      rowCounts: { take: () => rowCounter?.take() ?? { read: 0, written: 0 } },
    })
  }

  call(part: string, method: string, args: readonly unknown[]): Promise<RpcResult> {
    return this.#dispatcher.call(part, method, args)
  }

  /** Where there is nothing yet, there has to be an account: one that is deleted gets no tables again. */
  async #open(owner: string | undefined): Promise<void> {
    const { storage } = this.ctx
    while (owner !== undefined && appliedOf(storage.kv).length === 0) {
      const ends = this.#ends
      await assertAccount(this.env, owner)
      if (ends === this.#ends) break
    }
    migrateApp(storage, appMigrations(scopeOf(owner)))
    this.#isOpen = true
  }
}

const READS_OR_DELETES = /^\s*(?:SELECT|VALUES|DELETE)\b/i

const scopeOf = (owner: string | undefined) => (owner === undefined ? 'host' : 'account')

/** @throws StorageError `RepoNotFound` */
async function assertAccount(env: Env, did: string): Promise<void> {
  const objects = hostObjects(env)
  // An account that never was has no object that could be asked.
  const found = await objects.directory.accounts.find('did', did)
  if (!found) throw new StorageError('RepoNotFound', `There is no account ${did} here`)
  await objects.account(did).repository.status()
}
