/** Definitions that would share a name in the generated types, where `-` and upper case are lost. */
import type { LexiconDoc } from '@atproto/lexicon'
import { symbolOf } from '../emit/types/names.ts'
import { isMethod } from '../methods.ts'
import type { Finding } from './shape.ts'

/** What the types of a method are called besides. */
const OF_METHODS = [
  ...['QueryParams', 'InputSchema', 'OutputSchema'],
  ...['HandlerInput', 'HandlerSuccess', 'HandlerError', 'HandlerOutput'],
]

/** Complaints about the defs of a lexicon that is sound otherwise. */
export function checkSymbols({ defs }: LexiconDoc): Finding[] {
  const found: Finding[] = []
  const owners = new Map<string, string>()
  const fixed = defs.main && isMethod(defs.main) ? OF_METHODS : []
  for (const symbol of fixed) owners.set(symbol, 'a part of the method')
  for (const [name, def] of Object.entries(defs)) {
    const symbol = symbolOf(name, def)
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
