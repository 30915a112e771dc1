import { ValidationError } from '@atproto/lexicon'
import { isDatetimeString, parseLanguageString } from '@atproto/syntax'
import type { Schema } from './walk-schema.ts'

/** Longest URI in bytes (Lexicon specification, string formats). */
const MAX_URI = 8192

/** A CID of version 0, which is always 46 characters of base58. */
const CID_0 = /^Qm[1-9A-HJ-NP-Za-km-z]{44}$/

/** A language without anything behind it, as most are; the library's expression takes 20 times as long. */
const SHORT_LANGUAGE = /^[a-z]{2,3}$/

/** What the formats ask beyond `@atproto/lexicon`, which takes older forms as well. */
const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  datetime: isDatetimeString,
  language: (text) => SHORT_LANGUAGE.test(text) || parseLanguageString(text) !== null,
  uri: (text) => text.length <= MAX_URI,
  cid: (text) => !CID_0.test(text),
}

/** Checks the format of a text. @throws ValidationError */
export function checkFormat({ type, format }: Schema, value: unknown, path: string): void {
  if (type !== 'string' || format === undefined || typeof value !== 'string') return
  if (!Object.hasOwn(FORMATS, format) || FORMATS[format]?.(value)) return
  throw new ValidationError(`${path} must be a valid ${format}`)
}
