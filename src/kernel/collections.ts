/** The types of records by collection, so that a collection that is written out is checked. */

/**
 * The type of a record, for every collection. Empty here: generated code adds the collections of its tree
 * (`src/generated/collections.ts`).
 */
// biome-ignore lint/suspicious/noEmptyInterface: generated code adds to it
export interface Collections {}

/**
 * What collection files have indexed: for every collection with a file, its indexes, and what is searched. Empty here:
 * generated code adds those of its tree.
 */
// biome-ignore lint/suspicious/noEmptyInterface: generated code adds to it
export interface CollectionIndexes {}

/**
 * The types of queries and procedures by NSID, so that a `call` that is written out is checked. Empty here: generated code
 * adds those of its tree.
 */
// biome-ignore lint/suspicious/noEmptyInterface: generated code adds to it
export interface Methods {}

/** A collection: where its name is written out, one of those; any text otherwise. */
export type Collection<C extends string = string> = string extends C ? C : keyof Collections

/** The type of the records of a collection, as far as it is known. */
export type RecordOf<C extends string> = C extends keyof Collections
  ? Collections[C]
  : { [_ in string]: unknown }
