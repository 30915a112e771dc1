/** The order of an index, as SQLite has it, for whoever puts pages of several objects together. */

/** The values of a row in the order of its index, with what tells it from rows that have the same. */
export type Key = readonly (string | number)[]

/** Numbers come before texts; texts count by their bytes in UTF-8. */
export function compareKeys(a: Key, b: Key): number {
  for (const [at, value] of a.entries()) {
    const other = b[at]
    if (other === undefined) return 1
    const order = compareValues(value, other)
    if (order !== 0) return order
  }
  return a.length - b.length
}

function compareValues(a: string | number, b: string | number): number {
  if (typeof a === 'number') return typeof b === 'number' ? a - b : -1
  return typeof b === 'number' ? 1 : compareTexts(a, b)
}

/** By code points, which is the order of their UTF-8; by UTF-16 units, an emoji would come before U+FFFD. */
function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const one = a.charCodeAt(at)
    const other = b.charCodeAt(at)
    if (one !== other) return rankOf(one) - rankOf(other)
  }
  return a.length - b.length
}

/** Surrogates stand for what comes after all other characters. */
const rankOf = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)
