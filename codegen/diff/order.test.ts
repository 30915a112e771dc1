/** In which order a lexicon is written is no change of it. */
import { expect, test } from 'vitest'
import { lexiconFile } from '../load.ts'
import { faulty } from '../testing/wild/faulty.ts'
import { methods } from '../testing/wild/methods.ts'
import { records } from '../testing/wild/records.ts'
import { writing } from '../testing/wild/writing.ts'
import { compareTrees } from './tree.ts'

/** Lists of which only the members count. */
const SETS = ['required', 'nullable', 'refs', 'enum', 'accept', 'errors', 'permissions']

/** The same with keys, and members of sets, the other way round: hosts keep records in an order of their own. */
const reversed = (value: unknown, key = ''): unknown => {
  if (Array.isArray(value)) {
    const items = value.map((item) => reversed(item))
    return SETS.includes(key) ? items.reverse() : items
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, part]) => [name, reversed(part, name)])
  return Object.fromEntries(entries.reverse())
}

test.each(Object.entries({ ...records, ...writing, ...methods, ...faulty }))(
  'another order of keys is no change: %s',
  (path, doc) => {
    const [old, now] = [doc, reversed(doc)].map((one) => lexiconFile(path, JSON.stringify(one)))
    expect(compareTrees(old ? [old] : [], now ? [now] : [])).toEqual([])
  },
)
