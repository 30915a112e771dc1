/** Definitions that would share a name in the generated types, where `-` and upper case are lost. */
import type { LexiconDoc } from '@atproto/lexicon'
import { refsIn } from '../closure.ts'
import type { Finding } from './shape.ts'

/** What every type file imports or uses. */
const TAKEN = [
  ...['ValidationResult', 'BlobRef', 'CID', 'OmitKey', 'Uint8Array', 'ErrorFrame'],
  'IncomingMessage',
]

/** What the types of a method, or of a record, are called besides. */
const OF_METHODS = [
  ...['QueryParams', 'InputSchema', 'OutputSchema'],
  ...['HandlerInput', 'HandlerSuccess', 'HandlerError', 'HandlerOutput'],
]
const OF_RECORDS = ['Record']

/** Complaints about the defs of a lexicon that is sound otherwise. */
export function checkSymbols({ id, defs }: LexiconDoc): Finding[] {
  const found: Finding[] = []
  const main = defs.main?.type
  const isMethod = main === 'query' || main === 'procedure' || main === 'subscription'
  const owners = new Map<string, string>()
  const fixed = [
    ...TAKEN,
    ...(isMethod ? OF_METHODS : []),
    ...(main === 'record' ? OF_RECORDS : []),
  ]
  for (const symbol of fixed) owners.set(symbol, 'the generated code itself')
  for (const nsid of referredTo(defs, id)) owners.set(titleCase(nsid), `the lexicon ${nsid}`)
  for (const [name, { type }] of Object.entries(defs)) {
    const symbol = type === 'token' ? screaming(name) : titleCase(name)
    const other = owners.get(symbol)
    owners.set(symbol, `"${name}"`)
    if (other === undefined) continue
    found.push({
      at: ['defs', name],
      message: `"${name}" has the name "${symbol}" in the generated types, and so has ${other}`,
    })
  }
  return found
}

const referredTo = (defs: object, id: string): Set<string> =>
  new Set([...refsIn(defs, id)].map((ref) => ref.split('#')[0] ?? '').filter((nsid) => nsid !== id))

/** As lex-cli does it. */
const titleCase = (name: string): string =>
  name.replace(/^[a-z]|[.#-][a-z]/gi, (part) => part.toUpperCase()).replace(/[.-]/g, '')

const screaming = (name: string): string => name.replace(/[.#-]+/g, '_').toUpperCase()
