/**
 * Characters that show nothing, move the cursor or turn the direction of writing. In front of people they can make a
 * text look like another.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** Most texts: nothing has to be looked up in them. */
const PLAIN = /^[ -~]*$/

/**
 * Makes such characters visible, as `\u202e`: for the terminal, where texts of strangers must not give orders, and for
 * source code and JSON, which mean the same by it inside a string.
 *
 * @param keep characters that stay as they are, such as a line feed
 */
export const escapeControls = (text: string, keep = ''): string =>
  PLAIN.test(text) ? text : escapeIn(text, keep)

const escapeIn = (text: string, keep: string): string =>
  text.replace(INVISIBLE, (character) =>
    keep.includes(character) ? character : inUnits(character),
  )

/** Each UTF-16 unit as an escape: the only kind that JSON has. */
const inUnits = (character: string): string =>
  [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('')
