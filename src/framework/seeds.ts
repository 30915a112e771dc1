/**
 * Accounts and records that a host begins with in development and in tests: `src/seeds.ts` of a project. Runs in Node and in
 * workerd.
 */
import type { Collection, Collections } from '../kernel/collections.ts'
import type { RecordInput, RecordRef } from './host-client.ts'

export type { RecordInput, RecordRef } from './host-client.ts'

/** An account that seeds made. */
export interface SeedAccount {
  did: string
  handle: string
  accessJwt: string
}

/** What seeds are made with. */
export interface Sower {
  /** An account with that handle, or that name below the host's first domain; the one that is there, if there is one. */
  account(name: string): Promise<SeedAccount>
  /**
   * Writes a record. Its key is the `rkey` that is given, `self` and the like; otherwise one that depends on how many
   * records of the collection the account got before, so that the same seeds write the same records again.
   */
  record<const C extends string>(
    account: SeedAccount,
    collection: Collection<C>,
    record: RecordInput<C>,
    options?: { rkey?: string },
  ): Promise<RecordRef>
}

/** Records of one account by collection. */
export type SeedRecords = {
  readonly [C in keyof Collections]?: readonly RecordInput<C & string>[]
}

/** What makes accounts and records, or these as they are: by name of the account. */
export type Seeds = ((sower: Sower) => Promise<void>) | Readonly<Record<string, SeedRecords>>

/** Names the type: `export default seeds(…)`. */
export const seeds = (all: Seeds): Seeds => all
