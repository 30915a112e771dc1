/** The rows of an account as a backup has them: those of its object, and behind them those of the app's tables. */
import { appMigrations } from '../../kernel/app-tables.ts'
import type { HostObjects } from '../objects/stubs.ts'

/** Two dumps (`src/storage/dump.ts`), one after the other; the second may be empty. */
export async function accountRows(
  objects: Pick<HostObjects, 'account' | 'appTables'>,
  did: string,
): Promise<ReadableStream<Uint8Array>> {
  const own = await objects.account(did).backup.dump()
  if (appMigrations('account').length === 0) return own
  return joined([own, await objects.appTables(did).backup.dump()])
}

/** One stream after the other. */
function joined(streams: readonly ReadableStream<Uint8Array>[]): ReadableStream<Uint8Array> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const pump = async () => {
    for (const stream of streams) await stream.pipeTo(writable, { preventClose: true })
    await writable.close()
  }
  // What fails on one side ends the other.
  pump().catch(() => undefined)
  return readable
}
