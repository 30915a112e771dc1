/** Which definitions hang together: references between defs, and everything reachable from some of them. */
import type { Lexicon } from './load.ts'

/** A def's full name, `com.example.defs#view`; `#main` is spelt out. */
export type DefId = string

/** All definitions of a set of lexicons by full name. */
export type DefTable = ReadonlyMap<DefId, { nsid: string; name: string; def: { type?: string } }>

export function defTable(lexicons: readonly Pick<Lexicon, 'nsid' | 'doc'>[]): DefTable {
  return new Map(
    lexicons.flatMap(({ nsid, doc }) =>
      Object.entries(doc.defs).map(([name, def]) => [`${nsid}#${name}`, { nsid, name, def }]),
    ),
  )
}

/** The full name of what `ref` means in a lexicon: `#view`, `com.example.defs` or `com.example.defs#view`. */
export function resolveRef(ref: string, nsid: string): DefId {
  const plain = ref.startsWith('lex:') ? ref.slice('lex:'.length) : ref
  const [base, name = 'main'] = plain.split('#')
  return `${base || nsid}#${name}`
}

/** The full names that a piece of schema refers to, at any depth. */
export function* refsIn(schema: unknown, nsid: string): Generator<DefId> {
  if (Array.isArray(schema)) {
    for (const item of schema) yield* refsIn(item, nsid)
  } else if (typeof schema === 'object' && schema !== null) {
    if ('type' in schema && schema.type === 'ref' && 'ref' in schema) {
      yield resolveRef(String(schema.ref), nsid)
    } else if ('type' in schema && schema.type === 'union' && 'refs' in schema) {
      for (const ref of Array.isArray(schema.refs) ? schema.refs : []) {
        yield resolveRef(String(ref), nsid)
      }
    } else {
      for (const value of Object.values(schema)) yield* refsIn(value, nsid)
    }
  }
}

/** `roots` and every def reachable from them. */
export function closure(roots: Iterable<DefId>, table: DefTable): Set<DefId> {
  const reached = new Set<DefId>()
  const queue = [...roots]
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    const entry = table.get(id)
    if (!entry || reached.has(id)) continue
    reached.add(id)
    queue.push(...refsIn(entry.def, entry.nsid))
  }
  return reached
}
