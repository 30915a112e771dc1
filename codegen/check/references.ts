/** References between lexicons: each has to lead to a def that can be referred to. */
import { resolveRef } from '../closure.ts'
import type { JsonPath } from '../diagnostics.ts'
import { closest } from '../did-you-mean.ts'
import { isMethod } from '../methods.ts'
import { type Finding, isObject } from './shape.ts'

/** Def names and types by NSID, of every lexicon in the tree; undefined where a file cannot be read. */
export type DefIndex = ReadonlyMap<string, ReadonlyMap<string, string> | undefined>

/** Complaints about the references in one lexicon. */
export function checkReferences(doc: object, nsid: string, index: DefIndex): Finding[] {
  const references: Reference[] = []
  collect(doc, [], references)
  return references.flatMap(({ ref, at }) => {
    const message = problemWith(ref, nsid, index)
    return message === undefined ? [] : [{ at, message }]
  })
}

function problemWith(ref: string, nsid: string, index: DefIndex): string | undefined {
  const [target = '', name = ''] = resolveRef(ref, nsid).split('#')
  const defs = index.get(target)
  if (!defs && index.has(target)) return undefined
  if (!defs) {
    const meant = closest(target, index.keys())
    const full = meant && (name === 'main' ? meant : `${meant}#${name}`)
    return `reference to missing lexicon "${target}"${full ? ` - did you mean "${full}"?` : ''}`
  }
  const type = defs.get(name)
  if (type === undefined) {
    const meant = closest(name, defs.keys())
    const local = target === nsid ? '' : target
    const full = meant && (meant === 'main' && local ? local : `${local}#${meant}`)
    const where = target === nsid ? 'in this lexicon' : `in ${target}`
    return `reference to missing definition "#${name}" ${where}${full ? ` - did you mean "${full}"?` : ''}`
  }
  return isMethod({ type }) || type === 'permission-set'
    ? `a ${type} cannot be referred to, and "${ref}" is one`
    : undefined
}

/** Every reference below `node`. Adds to one list: all lexicons are gone through in every run. */
function collect(node: unknown, at: JsonPath, found: Reference[]): void {
  if (Array.isArray(node)) {
    for (const [index, item] of node.entries()) {
      if (typeof item === 'object') collect(item, [...at, index], found)
    }
  } else if (isObject(node)) {
    if (node.type === 'ref' && typeof node.ref === 'string') {
      found.push({ ref: node.ref, at: [...at, 'ref'] })
    } else if (node.type === 'union' && Array.isArray(node.refs)) {
      for (const [index, ref] of node.refs.entries()) {
        if (typeof ref === 'string') found.push({ ref, at: [...at, 'refs', index] })
      }
    } else {
      for (const [key, value] of Object.entries(node)) {
        if (typeof value === 'object') collect(value, [...at, key], found)
      }
    }
  }
}

interface Reference {
  ref: string
  at: JsonPath
}
