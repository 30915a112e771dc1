/** What keys of an index are compared with. */
import { type KeyColumn, MAX_KEY, toKey } from './spec.ts'

/** A value that a key is compared with. */
export type KeyValue = string | number | boolean

/** What a key is to be: a value, one of a range, or a text that begins so. */
export type KeyCondition =
  | KeyValue
  | { from?: KeyValue; after?: KeyValue; to?: KeyValue; before?: KeyValue; prefix?: string }

/** Adds to a statement what one key is to be. */
export function addCondition(
  { kind }: KeyColumn,
  name: string,
  condition: KeyCondition,
  conditions: string[],
  values: (string | number)[],
): void {
  const add = (operator: string, value: KeyValue) => {
    const key = toKey(kind, value)
    if (key === null) throw new TypeError(`${name} is compared with what it can never be`)
    conditions.push(`${name} ${operator} ?`)
    values.push(key)
  }
  if (typeof condition !== 'object') {
    add('=', condition)
    return
  }
  const { from, after, to, before, prefix } = condition
  if (from !== undefined) add('>=', from)
  if (after !== undefined) add('>', after)
  if (to !== undefined) add('<=', to)
  if (before !== undefined) add('<', before)
  if (prefix === undefined) return
  conditions.push(`${name} >= ?`, `${name} < ?`)
  const start = prefix.slice(0, MAX_KEY)
  values.push(start, `${start}\u{10ffff}`)
}
