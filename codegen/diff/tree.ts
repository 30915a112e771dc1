/** Changes between two trees of lexicons: lexicons and defs that came, went or were renamed, and changed. */
import { isObject } from '../check/shape.ts'
import { type DefId, type DefTable, refsIn } from '../closure.ts'
import type { LexiconFile } from '../load.ts'
import { byCodeUnits } from '../tree.ts'
import type { Direction, SchemaChange } from './change.ts'
import { harmless, narrowed } from './change.ts'
import { compareDefs } from './def.ts'

/** A change in one def; `now` is missing when lexicon or def are gone. */
export interface TreeChange extends SchemaChange {
  nsid: string
  def: string
}

type Defs = Record<string, unknown>

/** Compares two trees. Descriptions do not count. */
export function compareTrees(
  old: readonly LexiconFile[],
  now: readonly LexiconFile[],
): TreeChange[] {
  const [before, after] = [byNsid(old), byNsid(now)]
  const readers = readByOthers([...before, ...after])
  const changes: TreeChange[] = []
  for (const nsid of [...new Set([...before.keys(), ...after.keys()])].sort(byCodeUnits)) {
    const was = before.get(nsid)
    const is = after.get(nsid)
    if (was && is) {
      for (const change of compareDocs(nsid, was, is, readers)) changes.push(change)
    } else if (is) {
      changes.push({ nsid, def: 'main', ...harmless([], 'new lexicon') })
    } else if (was) {
      const twin = [...after].find(([id, defs]) => !before.has(id) && same(defs, was))?.[0]
      const message = twin ? `lexicon renamed to ${twin}` : 'lexicon removed'
      changes.push({ nsid, def: 'main', ...narrowed([], message) })
    }
  }
  return changes
}

function compareDocs(nsid: string, was: Defs, is: Defs, readers: ReadonlySet<DefId>): TreeChange[] {
  const changes: TreeChange[] = []
  const come = Object.keys(is).filter((name) => !Object.hasOwn(was, name))
  for (const name of Object.keys(was)) {
    const at = ['defs', name]
    if (Object.hasOwn(is, name)) {
      const way: Direction = { read: readers.has(`${nsid}#${name}`) }
      for (const change of compareDefs(was[name], is[name], at, way, nsid)) {
        changes.push({ nsid, def: name, ...change })
      }
    } else {
      const twin = come.find((candidate) => same(is[candidate], was[name]))
      const message = twin
        ? `definition "${name}" renamed to "${twin}"`
        : `definition "${name}" removed`
      changes.push({ nsid, def: name, ...narrowed(at, message) })
    }
  }
  for (const name of come) {
    changes.push({ nsid, def: name, ...harmless(['defs', name], `new definition "${name}"`) })
  }
  return changes
}

/**
 * Defs that reach somebody who reads: through records, outputs or messages, or because nothing here uses
 * them, so that nobody knows. The rest is only ever sent to servers.
 */
function readByOthers(lexicons: readonly (readonly [string, Defs])[]): Set<DefId> {
  const defs = lexicons.flatMap(([nsid, all]) =>
    Object.entries(all).map(([name, def]) => ({ nsid, name, def })),
  )
  const edges = new Map<DefId, Set<DefId>>()
  const [read, sent] = [new Set<DefId>(), new Set<DefId>()]
  for (const { nsid, name, def } of defs) {
    if (!isObject(def)) continue
    const { parameters, input, ...rest } = def
    for (const ref of refsIn([parameters, input], nsid)) sent.add(ref)
    const id = `${nsid}#${name}`
    const isRoot = ['record', 'query', 'procedure', 'subscription'].includes(String(def.type))
    const refs = [...refsIn(rest, nsid)]
    if (isRoot) for (const ref of refs) read.add(ref)
    else edges.set(id, new Set([...(edges.get(id) ?? []), ...refs]))
  }
  spread(read, edges)
  spread(sent, edges)
  for (const { nsid, name } of defs) {
    const id = `${nsid}#${name}`
    if (!sent.has(id)) read.add(id)
  }
  spread(read, edges)
  return read
}

function spread(reached: Set<DefId>, edges: ReadonlyMap<DefId, ReadonlySet<DefId>>): void {
  const queue = [...reached]
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    for (const next of edges.get(id) ?? []) {
      if (reached.has(next)) continue
      reached.add(next)
      queue.push(next)
    }
  }
}

function byNsid(files: readonly LexiconFile[]): Map<string, Defs> {
  return new Map(
    files.flatMap(({ nsid, json }) =>
      isObject(json) && isObject(json.defs) ? [[nsid, json.defs]] : [],
    ),
  )
}

/** All defs of some files, for following references. */
export function tableOf(files: readonly LexiconFile[]): DefTable {
  return new Map(
    [...byNsid(files)].flatMap(([nsid, defs]) =>
      Object.entries(defs).flatMap(([name, def]) =>
        isObject(def) ? [[`${nsid}#${name}`, { nsid, name, def }]] : [],
      ),
    ),
  )
}

const same = (a: unknown, b: unknown): boolean => bare(a) === bare(b)

/** A canonical text without descriptions. */
const bare = (value: unknown): string =>
  JSON.stringify(value, (key, part: unknown) => {
    if (key === 'description' && typeof part === 'string') return undefined
    if (!isObject(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => byCodeUnits(a, b)))
  })
