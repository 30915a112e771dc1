/** What a rename takes from records that are written: they have the old names in them, and stay as they are. Pure. */
import { isObject } from '../check/shape.ts'
import { closure, type DefTable, defTable, resolveRef } from '../closure.ts'
import type { Lexicon } from '../load.ts'
import type { Renames } from './names.ts'

/** Reasons, one for each name that records have; none where no record can have one. */
export function breaksOf(renames: Renames, lexicons: readonly Lexicon[]): string[] {
  const table = defTable(lexicons)
  const records = lexicons.filter(({ doc }) => doc.defs.main?.type === 'record')
  const found = new Set<string>()
  for (const { nsid } of records) {
    if (renames.has(nsid)) {
      found.add(`${nsid} is a collection: what was written there stays there, under the old name`)
    }
  }
  for (const { nsid } of records) {
    for (const name of namesInRecords(nsid, table)) {
      const [owner = ''] = name.split('#')
      if (!renames.has(owner) || owner === nsid) continue
      found.add(`records of ${nsid} may have "${name}" in them`)
    }
  }
  return [...found]
}

/** Names that a record of a collection may spell out: types in unions, and values that are names. */
function* namesInRecords(collection: string, table: DefTable): Generator<string> {
  for (const id of closure([`${collection}#main`], table)) {
    const { nsid = '', def } = table.get(id) ?? {}
    yield* namesIn(def, nsid)
  }
}

function* namesIn(node: unknown, within: string): Generator<string> {
  if (Array.isArray(node)) {
    for (const item of node) yield* namesIn(item, within)
    return
  }
  if (!isObject(node)) return
  if (node.type === 'union' && Array.isArray(node.refs)) {
    for (const ref of node.refs) yield withoutMain(resolveRef(String(ref), within))
  }
  if (node.type === 'string') {
    const values = [node.knownValues, node.enum, [node.const], [node.default]]
    for (const value of values.flat()) if (typeof value === 'string') yield value
  }
  for (const part of Object.values(node)) yield* namesIn(part, within)
}

const withoutMain = (id: string): string => id.replace(/#main$/, '')
