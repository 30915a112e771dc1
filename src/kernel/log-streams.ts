/**
 * Subscriptions that are made of the host's log (`fromLog`), as the sequencer holds them: without their types. Who knows the
 * routes says once, before the first request, how they are found.
 */

/** A write of a record, or a deletion, as the log has it. */
export interface AnyLoggedRecord {
  readonly action: 'create' | 'update' | 'delete'
  readonly did: string
  readonly collection: string
  readonly rkey: string
  /** `at://<did>/<collection>/<rkey>` */
  readonly uri: string
  /** Of the record as it was written; undefined: it was deleted. */
  readonly cid: string | undefined
  readonly record: unknown
  /** Of the commit. */
  readonly rev: string
  /** Number of the event: the cursor behind it. A commit of several records is one event. */
  readonly seq: number
  /** When it happened, ISO 8601. */
  readonly time: string
  /** Of whoever listens, as validated by the lexicon, without `cursor`. */
  readonly params: object
}

/** An account of this host has become active, or is not any more. */
export interface AnyLoggedAccount {
  readonly did: string
  readonly active: boolean
  /** Why it is not active, such as `takendown`, `deactivated`, `deleted`. */
  readonly status: string | undefined
  readonly seq: number
  readonly time: string
  readonly params: object
}

/** What a subscription says of the log. */
export interface AnyLogStream {
  readonly collections: readonly string[]
  message(event: AnyLoggedRecord): ({ $type: string } & object) | undefined
  account?(event: AnyLoggedAccount): ({ $type: string } & object) | undefined
}

type Find = (nsid: string) => Promise<AnyLogStream | undefined>

let find: Find = async () => undefined

/** Says how subscriptions are found. */
export function useLogStreams(how: Find): void {
  find = how
}

/** What a subscription says of the log; undefined: there is none that is made of it. */
export const logStream = (nsid: string): Promise<AnyLogStream | undefined> => find(nsid)
