/** Objects and lists inside each other: a lexicon has about ten levels, and what walks through one has a stack. */
export const MAX_DEPTH = 64

/** Whether a JSON value is deeper than any lexicon. */
export function isTooDeep(value: unknown, above = 0): boolean {
  if (typeof value !== 'object' || value === null) return false
  return above >= MAX_DEPTH || Object.values(value).some((part) => isTooDeep(part, above + 1))
}
