/** How things are called in the types of a lexicon: as lex-cli calls them, and each unlike the others. */
import type { LexiconDoc } from '@atproto/lexicon'

type Def = LexiconDoc['defs'][string]

/** `viewBasic` → `ViewBasic`, `com.example.defs` → `ComExampleDefs`; `-` and `.` are lost. */
export const titleCase = (name: string): string =>
  name.replace(/^[a-z]|[.#-][a-z]/gi, (part) => part.toUpperCase()).replace(/[.-]/g, '')

const screaming = (name: string): string => name.replace(/[.#-]+/g, '_').toUpperCase()

/** What a definition is called: a token is a constant, anything else a type. */
export const symbolOf = (name: string, def: Pick<Def, 'type'>): string =>
  def.type === 'token' ? screaming(name) : titleCase(name)

/** The names in one file of types. */
export interface Names {
  /** Names of the lexicon's own definitions. */
  own: ReadonlySet<string>
  /** The module of another lexicon, which counts as imported from then on. */
  module(nsid: string): string
  /** Modules that were asked for, with their names, in that order. */
  modules: ReadonlyMap<string, string>
  /** What an import is called here: a definition of the same name has the better right to it. */
  imported(name: string): string
  /** What the platform has under a name, also where a definition is called so. */
  global(name: string): string
  /** A type parameter that is called like no definition. */
  parameter: string
}

/** The names in the types of `doc`. */
export function namesIn(doc: LexiconDoc): Names {
  const own = new Set(Object.entries(doc.defs).map(([name, def]) => symbolOf(name, def)))
  const modules = new Map<string, string>()
  const taken = new Set([...own, ...IMPORTED])
  let parameter = 'V'
  while (own.has(parameter)) parameter += '_'
  return {
    own,
    modules,
    parameter,
    module(nsid) {
      const known = modules.get(nsid)
      if (known !== undefined) return known
      const usual = titleCase(nsid)
      // Two NSIDs may have one name in title case, but none has these characters.
      const name = taken.has(usual) ? `$${nsid.replaceAll('.', '_').replaceAll('-', '$')}` : usual
      taken.add(name)
      modules.set(nsid, name)
      return name
    },
    imported: (name) => (own.has(name) ? `_${name}` : name),
    global: (name) => (own.has(name) ? `globalThis.${name}` : name),
  }
}

/** What a file of types imports besides other lexicons. */
const IMPORTED = ['ValidationResult', 'BlobRef', 'CID', 'OmitKey', 'ErrorFrame', 'IncomingMessage']
