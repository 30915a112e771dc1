/** What a record is validated with. Types only. */
import type { Lexicons, LexRecord } from '@atproto/lexicon'

/** The schema of a collection, or that there is none. */
export type RecordSchema = KnownSchema | UnknownSchema

export interface KnownSchema {
  lexicons: Lexicons
  def: LexRecord
  /** From the network: it may refer to lexicons that cannot be had. `required` as below. */
  live?: { required: boolean }
}

export interface UnknownSchema {
  def?: undefined
  /** Why it could not be resolved, if that was tried. */
  reason?: string
  /** The operator wants no records without a schema. */
  required: boolean
}
