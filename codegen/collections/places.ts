/** Places in records, along their lexicons. */
import type { LexUserType } from '@atproto/lexicon'
import type { Lexicon } from '../load.ts'

/** Parts of a record's address. */
export const ADDRESS_PLACES = ['@did', '@rkey']

/** Types whose values an index can be made of. */
const KEY_TYPES: ReadonlySet<string> = new Set(['string', 'integer', 'boolean'])

/** How deep places are named. */
const MAX_DEPTH = 4

/** All places of a record whose value is a text, a number or a boolean, with its type. */
export function placesOf(lexicons: readonly Lexicon[], nsid: string): Map<string, string> {
  const byNsid = new Map(lexicons.map((lexicon) => [lexicon.nsid, lexicon.doc]))
  const found = new Map<string, string>()
  const visit = (def: LexUserType | undefined, within: string, prefix: string, depth: number) => {
    if (!def || depth > MAX_DEPTH) return
    if (def.type === 'record') visit(def.record, within, prefix, depth)
    else if (def.type === 'object') {
      for (const [name, property] of Object.entries(def.properties ?? {})) {
        visit(
          property as LexUserType,
          within,
          prefix === '' ? name : `${prefix}.${name}`,
          depth + 1,
        )
      }
    } else if (KEY_TYPES.has(def.type) && prefix !== '') found.set(prefix, def.type)
    else for (const ref of refsOf(def)) follow(ref, within, prefix, depth)
  }
  const follow = (ref: string, within: string, prefix: string, depth: number): void => {
    const [document = '', name = 'main'] = ref.split('#')
    const owner = document === '' ? within : document
    visit(byNsid.get(owner)?.defs[name], owner, prefix, depth)
  }
  visit(byNsid.get(nsid)?.defs.main, nsid, '', 0)
  return found
}

function refsOf(def: { type: string; ref?: string; refs?: string[] }): string[] {
  if (def.type === 'ref' && def.ref !== undefined) return [def.ref]
  return def.type === 'union' ? (def.refs ?? []) : []
}
