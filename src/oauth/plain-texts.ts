/** Control characters, and those that turn the direction of the text around them. */
const CONTROLS = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/**
 * A JSON value whose texts can be shown on a page of this host without making what stands beside them look like
 * something else: consent pages show the titles that strangers give to permission sets.
 */
export function plainTexts<T>(value: T): T {
  const plain = (_: string, item: unknown) =>
    typeof item === 'string' ? item.replace(CONTROLS, ' ') : item
  return JSON.parse(JSON.stringify(value), plain) as T
}
