/** What a collection file looks like from outside: all that is kept of it after reading. Plain data. */
import type { Place, PlacedMessage } from '../handlers/shape.ts'

/** A place in a record, as it is written out in an index or in `search`. */
export interface WrittenPlace extends Place {
  path: string
}

export interface WrittenIndex extends Place {
  name: string
  places: WrittenPlace[]
}

export interface CollectionShape {
  syntaxError?: PlacedMessage
  /** What is wrong with the form of the file, with what it should be. */
  wrong: PlacedMessage[]
  /** The record lexicon whose `collection` made the default export. */
  nsid?: string
  indexes: WrittenIndex[]
  search: WrittenPlace[]
  hooks: ('beforeWrite' | 'afterWrite')[]
}
