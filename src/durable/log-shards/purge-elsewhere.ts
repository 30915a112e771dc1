import { type LogPlace, logPlaceOf } from '../../kernel/log-shards.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { Job } from '../scheduler.ts'
import { inTime } from '../sequencer/in-time.ts'

interface Parts {
  sql: SqlStorage
  /** What this object is. */
  place: LogPlace | undefined
  objects: Pick<HostObjects, 'logShard' | 'logFront'>
  /** Resolves when the sequencer has all events of this object. */
  sent(): Promise<void>
}

/** Has the events of deleted accounts removed also where these were before the log was divided as it is now. */
export class PurgeElsewhere {
  readonly #parts: Parts

  readonly job: Job = {
    name: 'remove events elsewhere',
    due: () => (this.#next() === undefined ? undefined : Date.now()),
    run: async () => {
      // The sequencer counts on from its newest event: it is not to lose that before it has a later one.
      await this.#parts.sent()
      for (let did = this.#next(); did !== undefined; did = this.#next()) await this.#purge(did)
    },
  }

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** To be called before the event is stored that says so: what breaks off in between is repeated. */
  note(did: string): void {
    this.#parts.sql.exec('INSERT OR IGNORE INTO purge_elsewhere (did) VALUES (?)', did)
  }

  #next(): string | undefined {
    return this.#parts.sql
      .exec<{ did: string }>('SELECT did FROM purge_elsewhere LIMIT 1')
      .toArray()[0]?.did
  }

  async #purge(did: string): Promise<void> {
    const { objects, place, sql } = this.#parts
    const own = place?.layout.generation ?? 0
    const layouts = await inTime(objects.logFront.layouts())
    for (const { generation, shards } of layouts) {
      if (generation >= own) continue
      await inTime(objects.logShard(logPlaceOf(did, { generation, shards })).purge(did))
    }
    sql.exec('DELETE FROM purge_elsewhere WHERE did = ?', did)
  }
}
