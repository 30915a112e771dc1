/** How much one lexicon may have. */
import { type Finding, isObject } from './shape.ts'

/** Definitions, fields and errors; the largest published lexicons have some three hundred. */
const MOST_NAMES = 20_000

/** Complains about a lexicon that would keep generator, compiler and editors busy. */
export function checkSize({ defs }: Record<string, unknown>): Finding[] {
  const names = isObject(defs) ? Object.keys(defs).length + namesIn(defs) : 0
  if (names <= MOST_NAMES) return []
  const message = `${names} definitions, fields and errors are more than ${MOST_NAMES}: divide this lexicon`
  return [{ at: ['defs'], message }]
}

function namesIn(node: unknown): number {
  if (Array.isArray(node)) return node.reduce((sum: number, item) => sum + namesIn(item), 0)
  if (!isObject(node)) return 0
  const { properties, errors } = node
  const own =
    (isObject(properties) ? Object.keys(properties).length : 0) +
    (Array.isArray(errors) ? errors.length : 0)
  return Object.values(node).reduce((sum: number, part) => sum + namesIn(part), own)
}
