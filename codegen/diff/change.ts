/**
 * What a change in a lexicon means for those who hold the old one. The rule behind all of this (atproto
 * Lexicon spec, Lexicon Evolution): old data stays valid, and new data is no surprise to old readers.
 */
import type { JsonPath } from '../diagnostics.ts'

/**
 * `breaking`: somebody who did nothing wrong stops working. `caution`: allowed, but readers with the old
 * lexicon may refuse what the new one permits. `fine`: nobody has to notice.
 */
export type Impact = 'breaking' | 'caution' | 'fine'

export interface SchemaChange {
  impact: Impact
  /** Path in the lexicon; of what was removed, where it used to be. */
  at: JsonPath
  message: string
}

/**
 * Which way data of a def travels: to a server only, or (also) to readers: in answers, in messages, in
 * stored records. What is only ever sent to a server may become more permissive without harm.
 */
export interface Direction {
  read: boolean
}

/** Less is accepted than before: what was valid no longer is, whichever way it travels. */
export const narrowed = (at: JsonPath, message: string): SchemaChange => ({
  impact: 'breaking',
  at,
  message,
})

/** More is accepted than before. */
export const widened = (at: JsonPath, message: string, { read }: Direction): SchemaChange => ({
  impact: read ? 'caution' : 'fine',
  at,
  message,
})

export const harmless = (at: JsonPath, message: string): SchemaChange => ({
  impact: 'fine',
  at,
  message,
})
