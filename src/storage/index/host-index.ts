import type { SequencedEvent } from '../sequencer/log.ts'
import { type AccountState, IndexedAccounts } from './accounts.ts'
import type { CatchUp } from './backlog.ts'
import { Definitions, type IndexDefinition } from './definitions.ts'
import { type LoggedChange, type LoggedEvent, readFrame } from './feed.ts'
import { HookGiver } from './giver.ts'
import { HookTaker } from './handover.ts'
import { HiddenRecords } from './hidden-records.ts'
import { RecordTables } from './records.ts'
import { Scans } from './scans.ts'
import type { IndexSpec } from './spec.ts'
import { type HookedCommit, HookTasks } from './tasks.ts'

/** Records of a deleted account that are removed at once. */
const REMOVED_AT_ONCE = 500

/** Of which events hooks are told: behind one, up to one. */
export interface HookRange {
  after?: number
  upTo?: number
  /** Whether what an earlier layout has of those before is still to come. */
  areToCome?: boolean
}

/** What of the project's collections the log is read for. */
export interface Wanted {
  /** Whether a collection has a hook that is told of writes. */
  hasHook(collection: string): boolean
}

/**
 * The index of this host: rows made of the sequencer's log, and of scans of repositories where the log does not tell all.
 * The position in the log moves in the transaction that writes what was read, so nothing is lost and nothing comes twice.
 */
export class HostIndex {
  readonly definitions: Definitions
  readonly accounts: IndexedAccounts
  readonly records: RecordTables
  readonly hidden: HiddenRecords
  readonly scans: Scans
  readonly tasks: HookTasks
  readonly giver: HookGiver
  readonly taker: HookTaker
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage
  #position: number | undefined

  /**
   * @param sql the database of `storage`, wrapped where its rows are counted
   * @param maxWaiting bytes of writes that wait for the hook of one collection
   */
  constructor(
    storage: DurableObjectStorage,
    sql: SqlStorage = storage.sql,
    { overwrites = false, maxWaiting }: { overwrites?: boolean; maxWaiting?: number } = {},
  ) {
    this.#storage = storage
    this.#sql = sql
    this.definitions = new Definitions(storage, sql)
    this.accounts = new IndexedAccounts(sql)
    this.records = new RecordTables(sql, overwrites)
    this.hidden = new HiddenRecords(sql)
    this.scans = new Scans(sql, this)
    this.tasks = new HookTasks(storage, sql, maxWaiting)
    this.giver = new HookGiver(storage, sql)
    this.taker = new HookTaker(storage, sql, this.tasks.lanes, () => this.tasks.clearCache())
  }

  /** Of the database. */
  get bytes(): number {
    return this.#sql.databaseSize
  }

  /** The number of the last event that was read; undefined before the first. */
  position(): number | undefined {
    this.#position ??= this.#sql.exec<{ seq: number }>('SELECT seq FROM position').toArray()[0]?.seq
    return this.#position
  }

  /**
   * Begins to read the log behind an event, whether it is the first time or after events were lost.
   *
   * @param specs what is indexed, for the latter: all of it is to be filled again
   */
  begin(seq: number, specs: readonly IndexSpec[], now: number): void {
    this.transaction(() => {
      if (this.position() !== undefined) {
        this.definitions.dropAll()
        this.accounts.clearCache()
        this.hidden.clearCache()
        this.definitions.adopt(specs, now)
      }
      this.#move(seq)
    })
  }

  /**
   * Reads the next events, all of them or none, up to number `upTo`.
   *
   * @param now ms since the epoch
   * @param hooks of which of them hooks are told; of all unless given
   * @returns whether some were about accounts as a whole, which leave more to do
   */
  take(
    events: readonly SequencedEvent[],
    upTo: number,
    wanted: Wanted,
    now: number,
    hooks: HookRange = {},
  ): boolean {
    const indexed = new Set(this.definitions.all().map(({ collection }) => collection))
    const isWanted = (name: string) => indexed.has(name) || wanted.hasHook(name)
    const read = events.flatMap(({ seq, frame }) => {
      const event = readFrame(frame, isWanted)
      return event ? [{ ...event, seq }] : []
    })
    this.transaction(() => {
      // The first commits of new accounts, by their revs: all that comes after is in the log.
      const first = new Map(
        read.flatMap((event) =>
          event.kind === 'commit' && event.isFirst ? [[event.did, event.rev] as const] : [],
        ),
      )
      for (const event of read) this.#apply(event, first, wanted, now, hooks)
      this.#move(upTo)
    })
    return read.some(({ kind }) => kind !== 'commit')
  }

  /**
   * Reads events again for accounts whose writes had to stay in the log, as there was no room for them among those that wait
   * for hooks.
   *
   * @param upTo number of the event up to which these are all
   * @returns whether there is more to read
   */
  catchUp(
    part: CatchUp,
    events: readonly SequencedEvent[],
    upTo: number,
    wanted: Wanted,
    now: number,
  ): boolean {
    const position = this.position() ?? 0
    const isLive = upTo >= position
    const commits = events.flatMap(({ seq, frame }) => {
      const event = readFrame(frame, (name) => wanted.hasHook(name))
      return event?.kind === 'commit' ? hookedCommits({ ...event, seq }, wanted) : []
    })
    this.transaction(() => {
      this.tasks.catchUp(part, commits, Math.min(upTo, position), isLive, now)
    })
    return !isLive
  }

  /**
   * Hides a record that was taken down, or shows it again.
   *
   * @param rev of the repository when that was so: a deletion that came before it does not end the takedown
   */
  setTakedown(did: string, path: string, rev: string | null): void {
    this.transaction(() => {
      const id = this.accounts.ensure(did)
      this.hidden.noteTold(id, path)
      if (rev === null) this.hidden.remove(id, path)
      else this.hidden.set(id, path, rev)
      const slash = path.indexOf('/')
      for (const definition of this.definitions.of(path.slice(0, slash))) {
        this.records.setHidden(definition, id, path.slice(slash + 1), rev !== null)
      }
    })
  }

  /** Removes some records of an account that is deleted; whether there may be more to remove. */
  removeDeleted(): boolean {
    const id = this.accounts.nextDeleted()
    if (id === undefined) return false
    this.transaction(() => {
      const more = this.definitions
        .all()
        .some((definition) => this.records.removeSome(definition, id, REMOVED_AT_ONCE))
      if (more) return
      this.accounts.forget(id)
      this.hidden.forget(id)
      // Written meanwhile, for a definition that is being filled.
      this.scans.forget(id)
    })
    return true
  }

  /** Forgets everything but what is of jobs. */
  clear(): void {
    this.transaction(() => {
      this.definitions.dropAll()
      for (const table of TABLES) this.#sql.exec(`DELETE FROM ${table}`)
    })
    this.clearCache()
  }

  clearCache(): void {
    this.definitions.clearCache()
    this.accounts.clearCache()
    this.hidden.clearCache()
    this.tasks.clearCache()
    this.#position = undefined
  }

  #apply(
    event: LoggedEvent & { seq: number },
    first: ReadonlyMap<string, string>,
    wanted: Wanted,
    now: number,
    { after = -1, upTo = Number.MAX_SAFE_INTEGER, areToCome = false }: HookRange,
  ): void {
    const { did } = event
    if (event.kind === 'account') {
      this.#setState(did, event.state, first.has(did))
      // What came before, the other layout has read, too.
      if (areToCome && event.state === 'deleted' && event.seq > after) this.taker.noteGone(did)
    } else if (event.kind === 'sync') {
      if (first.get(did) !== event.rev) this.scans.ask(did)
    } else {
      for (const change of event.changes) this.#index(did, event.rev, change)
      if (event.seq <= after || event.seq > upTo) return
      for (const commit of hookedCommits(event, wanted)) this.tasks.add(commit, now)
    }
  }

  #setState(did: string, state: AccountState, isNew: boolean): void {
    const known = this.accounts.find(did)
    if (state === 'deleted') {
      if (known) {
        this.accounts.markDeleted(known.id)
        this.scans.forget(known.id)
      }
      this.tasks.letters.forget(did)
    } else if (state === 'inactive') {
      this.accounts.setState(this.accounts.ensure(did), 'inactive')
    } else {
      if (known) this.accounts.setState(known.id, 'active')
      // What it wrote before somebody looked at it.
      if (!isNew) this.scans.ask(did)
    }
  }

  #index(did: string, rev: string, { collection, rkey, cid, block }: LoggedChange): void {
    const definitions = this.definitions.of(collection)
    if (definitions.length === 0) return
    const id = this.accounts.ensure(did)
    for (const definition of definitions) {
      if (!cid || !block) this.#remove(definition, id, rkey, rev)
      else {
        const hidden = this.hidden.find(id, `${collection}/${rkey}`) !== undefined
        this.records.put(definition, { id, did }, { rkey, cid, rev, block }, hidden)
      }
    }
  }

  #remove(definition: IndexDefinition, id: number, rkey: string, rev: string): void {
    this.records.remove(definition, id, rkey, rev)
    this.scans.noteRemoved(definition, id, rkey, rev)
    const path = `${definition.collection}/${rkey}`
    const takedown = this.hidden.find(id, path)
    if (takedown === undefined || takedown > rev) return
    this.hidden.remove(id, path)
  }

  #move(seq: number): void {
    this.#sql.exec('INSERT OR REPLACE INTO position (only_row, seq) VALUES (1, ?)', seq)
    this.#position = seq
  }

  /** All of it, or nothing. */
  transaction(work: () => void): void {
    try {
      this.#storage.transactionSync(work)
    } catch (error) {
      this.clearCache()
      throw error
    }
  }
}

/** Those that belong to no definition. */
const TABLES = [
  ...['position', 'hook_task', 'hook_lane', 'hook_letter', 'hook_count', 'hook_behind'],
  ...['scan', 'removed'],
]

/** The writes of a commit that hooks are told of, by collection. */
function hookedCommits(
  { did, rev, seq, changes }: Extract<LoggedEvent, { kind: 'commit' }> & { seq: number },
  wanted: Wanted,
): HookedCommit[] {
  const hooked = changes.filter(({ collection }) => wanted.hasHook(collection))
  return [...Map.groupBy(hooked, ({ collection }) => collection)].map(([collection, changes]) => ({
    ...{ collection, did, rev, seq, changes },
  }))
}
