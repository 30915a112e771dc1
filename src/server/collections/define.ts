/**
 * What a collection file is made of. The generator binds these types to one record lexicon each
 * (`src/generated/methods/<nsid path>.ts`); a collection file imports `collection` from there.
 */
import type { Services } from '../../context/services.ts'
import type { IndexPlace, Places, ValueAt } from '../../kernel/collection-places.ts'
import type { Logger } from '../../kernel/log.ts'

/** Places whose value is a text. */
type TextPlace<R, P extends string = Places<R>> = P extends string
  ? ValueAt<R, P> extends string
    ? P
    : never
  : never

/** A write that is about to be done. */
export interface PlannedWrite<R, E extends string> {
  /** `put` creates or replaces: which of them, is known when it is done. */
  readonly action: 'create' | 'update' | 'put' | 'delete'
  /** Who writes. */
  readonly did: string
  readonly collection: string
  /** Undefined: the host is about to choose one. */
  readonly rkey: string | undefined
  /** As its lexicon says, unless the client asked for no validation; undefined: it is deleted. */
  readonly record: R | undefined
  /** Refuses the write, and all that goes with it, with 400 and one of the declared errors. */
  refuse(name: E, message?: string): never
}

/** A write that was done. */
export interface DoneWrite<R> {
  readonly action: 'create' | 'update' | 'delete'
  readonly did: string
  readonly collection: string
  readonly rkey: string
  /** `at://<did>/<collection>/<rkey>` */
  readonly uri: string
  /** Of the record as it was written; undefined: it was deleted. */
  readonly cid: string | undefined
  readonly record: R | undefined
  /** Of the commit: together with `uri` it names this write, and a write is told more than once after a failure. */
  readonly rev: string
  /** 1 the first time. */
  readonly attempt: number
  readonly services: Services
  readonly log: Logger
}

/** What a collection file exports. */
export interface CollectionDefinition<R, E extends string = never> {
  /** Orders in which the records of all accounts of this host are looked up, by name. */
  readonly index?: Readonly<Record<string, readonly [IndexPlace<R>, ...IndexPlace<R>[]]>>
  /** Texts whose words are looked up. */
  readonly search?: readonly TextPlace<R>[]
  /** Names of the errors that `beforeWrite` refuses with. */
  readonly errors?: readonly E[]
  /** Looks at a write before it is done. No I/O, and nothing to wait for. */
  beforeWrite?(write: PlannedWrite<R, E>): undefined
  /** Told of each write, at least once, in order for each account. What it throws has it told again. */
  afterWrite?(write: DoneWrite<R>): Promise<void> | void
  /**
   * How often `afterWrite` may fail for a write before it is given up. Default: 10, over 17 minutes. Attempts that ended with
   * the host are not counted.
   */
  readonly attempts?: number
  /** ms that `afterWrite` may take. Default: 30,000. */
  readonly timeout?: number
}

/** Makes the `collection` function of one record lexicon; called by generated code only. */
export const collectionDefiner =
  <R>() =>
  <const E extends string = never>(
    definition: CollectionDefinition<R, E>,
  ): CollectionDefinition<R, E> =>
    definition
