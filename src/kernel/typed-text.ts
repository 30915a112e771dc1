/** White space, and characters that nobody sees, such as the marks of direction that apps put around a handle. */
const UNSEEN = /^[\s\p{Cf}]$/u

/** What somebody typed or pasted, without what stands unseen before and after it. */
export function typedText(input: string): string {
  let start = 0
  let end = input.length
  while (start < end && UNSEEN.test(input.charAt(start))) start++
  while (end > start && UNSEEN.test(input.charAt(end - 1))) end--
  return input.slice(start, end)
}

/** A stranger's text as one line of text that is shown: nothing in it ends the line or turns it around. */
export const plainLine = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()

/** A handle, DID or e-mail address that somebody signs in with, as it is looked up and counted. */
export const typedIdentifier = (input: string): string =>
  typedText(input).toLowerCase().replace(/^@/, '')
