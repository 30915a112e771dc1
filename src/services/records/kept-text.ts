/** Texts of records as they are kept: a byte of UTF-8 in each character, so that a text takes its bytes and no more. */

export interface KeptText {
  /** The JSON of a record from its key on: what comes before is the same for all of a collection. */
  readonly text: string
  /** Whether the characters are what they are, and not bytes of others. */
  readonly isAscii: boolean
}

/** JSON to be sent: as text, or as its bytes. */
export type Json = string | Uint8Array

const NOT_ASCII = /[^\0-\x7f]/

/** What stands between texts while all are made at once; JSON has it as `\n` only. */
const LINE = '\n'

/** Bytes of a text that is kept, at most. */
export const MAX_LENGTH = 64 * 1024

/**
 * Characters of a text that is made together with others. Each is a part of the text of all of them, which is there as long as one
 * of them is: so none may be among them that is too long to be kept, with up to three bytes for each character.
 */
const SHORT = Math.floor(MAX_LENGTH / 3)

/**
 * Each crossing into the platform takes as long as some hundred bytes, so there is one for all that are short.
 *
 * @param texts JSON without line ends; also put together from others, which are not referred to by what is made of them
 */
export function keptTexts(texts: readonly string[]): KeptText[] {
  const short = makeTexts(texts.filter((text) => text.length <= SHORT)).values()
  return texts.flatMap((text) =>
    text.length <= SHORT ? (short.next().value ?? []) : makeTexts([text]),
  )
}

/** A copy of a key that refers to nothing else: one that was read is a part of all keys of its page. */
export const flatKey = (key: string): string => Buffer.from(key, 'latin1').toString('latin1')

function makeTexts(texts: readonly string[]): KeptText[] {
  const all = texts.join(LINE)
  const bytes = Buffer.from(all)
  const isAscii = bytes.byteLength === all.length
  const characters: string = bytes.toString('latin1')
  return characters.split(LINE).map((text) => ({ text, isAscii: isAscii || !NOT_ASCII.test(text) }))
}

/** What was put together of such texts, to be sent. */
export const toBody = (text: string, isAscii: boolean): Json =>
  isAscii ? text : Buffer.from(text, 'latin1')
