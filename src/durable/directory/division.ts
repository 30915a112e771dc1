import type { DirectoryDivisionRpc } from '../../contracts/directory.ts'
import type { Env } from '../../contracts/env.ts'
import type { Config } from '../../kernel/config/config.ts'
import {
  type DirectoryPlace,
  directoryPlaceNamed,
  directoryShardOf,
} from '../../kernel/directory-shards.ts'
import { createLogger } from '../../kernel/log.ts'
import { DiskSpace } from '../../services/objects/disk-space.ts'
import { hostObjects } from '../../services/objects/stubs.ts'
import { CopiedAccounts, copyMigrations } from '../../storage/directory/copied-accounts.ts'
import { JobTable } from '../../storage/jobs.ts'
import { migrate } from '../../storage/migrate.ts'
import { RateCounter } from '../../storage/rate-counter.ts'
import { RpcDispatcher } from '../dispatcher.ts'
import { type Job, Scheduler } from '../scheduler.ts'
import { CopiedResidents } from './copied-residents.ts'
import { RecentChanges } from './recent-changes.ts'

/** How often an object looks what has changed, should nobody ask it, and whether it is still one of those that share, in ms. */
const KEEPING_UP = 60 * 60 * 1000

/** Under which an object keeps which one it is: one that its alarm wakes may not be told its name. */
const PLACE = 'place'

/** Which of the objects that share lookups this one is; undefined: it is the directory. */
export const placeOf = ({ id, storage }: DurableObjectState): DirectoryPlace | undefined =>
  id.name === undefined ? storage.kv.get<DirectoryPlace>(PLACE) : directoryPlaceNamed(id.name)

/** One of the objects that share what is looked up about accounts: it has copies, and counts what client addresses do. */
export function openDivision(
  ctx: DurableObjectState,
  env: Env,
  place: DirectoryPlace,
  { directoryShards }: Pick<Config, 'directoryShards'>,
): { dispatcher: RpcDispatcher<DirectoryDivisionRpc>; scheduler: Scheduler } {
  const { storage } = ctx
  const { sql, kv } = storage
  const isUsed = place.shards === directoryShards
  const open = () => {
    if (migrate(storage, copyMigrations) === 0) kv.put(PLACE, place)
  }
  open()
  const objects = hostObjects(env)
  const copy = new CopiedAccounts(
    storage,
    (name) => directoryShardOf(name, place.shards) === place.shard,
  )
  const residents = new CopiedResidents({
    place,
    copy,
    recent: new RecentChanges(),
    directory: () => objects.directory,
    startCopying() {
      // One that is used no more leaves soon: whoever has not heard of that yet is answered even so.
      if (isUsed) scheduler.start(copying)
    },
  })
  const copying: Job = {
    name: 'copy all accounts',
    due: () => (isUsed && copy.state && !residents.isComplete ? Date.now() : undefined),
    async run() {
      while (await residents.copyPage());
    },
  }
  const keepUp: Job = {
    name: 'keep up with the directory',
    run: () => (isUsed ? residents.check() : leave()),
    repeatAfter: () => (isUsed ? KEEPING_UP : undefined),
  }
  /** Nobody asks here any more: nothing of anybody stays. */
  const leave = () =>
    ctx.blockConcurrencyWhile(async () => {
      await storage.deleteAll()
      open()
      for (const part of [copy, scheduler]) part.clearCache()
    })
  const log = () => createLogger({ object: `directory ${place.shard + 1}/${place.shards}` })
  const jobs = [keepUp, copying]
  const scheduler = new Scheduler(ctx, new JobTable(sql), log, jobs, new DiskSpace(env))
  const parts: DirectoryDivisionRpc = { residents, rateLimits: new RateCounter(sql), copy }
  const dispatcher = new RpcDispatcher(parts, () => scheduler.runLater(keepUp, KEEPING_UP))
  return { dispatcher, scheduler }
}
