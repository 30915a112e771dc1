/** Judges the shapes of collection files against the lexicons. Pure. */
import type { Diagnostic } from '../diagnostics.ts'
import { didYouMean } from '../did-you-mean.ts'
import { Complaints } from '../handlers/complaints.ts'
import { COLLECTIONS, collectionPath, nsidToPath } from '../layout.ts'
import type { HandlerFile, Lexicon } from '../load.ts'
import { ADDRESS_PLACES, placesOf } from './places.ts'
import type { CollectionShape, WrittenPlace } from './shape.ts'

/** Names that an index cannot have: what else a collection can be asked (`services.index`). */
const TAKEN: ReadonlySet<string> = new Set(['get', 'search', 'then'])

/** Places in one index, and indexes of one collection. */
const MAX_PLACES = 6
const MAX_INDEXES = 12

/** Complaints about one collection file. */
export function checkCollection(
  { path, nsid }: HandlerFile,
  read: CollectionShape | undefined,
  lexicons: readonly Lexicon[],
): Diagnostic[] {
  const complaints = new Complaints(path)
  const { found } = complaints
  const complain = complaints.add.bind(complaints)
  const shape = complaints.readable(misplacement(path, nsid, lexicons), read)
  if (!shape) return found
  for (const { message, ...place } of shape.wrong) complain(message, place)
  if (shape.nsid !== undefined && shape.nsid !== nsid) {
    complain(
      `this is written for ${shape.nsid}, but the path says ${nsid}: import \`collection\` from '#lex/${nsidToPath(nsid)}'`,
    )
    return found
  }
  const places = placesOf(lexicons, nsid)
  const known = [...places.keys(), ...ADDRESS_PLACES]
  const assertPlace = ({ path: wanted, ...place }: WrittenPlace, onlyText: boolean): void => {
    const type = ADDRESS_PLACES.includes(wanted) && !onlyText ? 'string' : places.get(wanted)
    if (type === undefined) {
      const hint = didYouMean(wanted, known)
      complain(`records of ${nsid} have no text, number or boolean at "${wanted}"${hint}`, place)
    } else if (onlyText && type !== 'string') {
      complain(`"${wanted}" is of type ${type}: only texts are searched`, place)
    }
  }
  for (const { name, places: wanted, ...place } of shape.indexes) {
    if (TAKEN.has(name)) complain(`an index cannot be called \`${name}\``, place)
    if (wanted.length > MAX_PLACES) complain(`an index has at most ${MAX_PLACES} places`, place)
    for (const one of wanted) assertPlace(one, false)
  }
  const [over] = shape.indexes.slice(MAX_INDEXES)
  if (over)
    complain(`a collection has at most ${MAX_INDEXES} indexes: each is a row to write`, over)
  for (const one of shape.search) assertPlace(one, true)
  return found
}

function misplacement(
  path: string,
  nsid: string,
  lexicons: readonly Lexicon[],
): string | undefined {
  if (!path.endsWith('.ts')) return `collection files end in .ts: ${collectionPath(nsid)}`
  const lexicon = lexicons.find((one) => one.nsid === nsid)
  const type = lexicon?.doc.defs.main?.type
  if (type === 'record') return undefined
  if (type !== undefined) return `"${nsid}" is a ${type}; only records have a collection file`
  if (lexicon) return `"${nsid}" is a lexicon of definitions, so it has no collection file`
  const records = lexicons.filter(({ doc }) => doc.defs.main?.type === 'record')
  const hint = didYouMean(
    nsid,
    records.map((record) => record.nsid),
  )
  return `a collection file for "${nsid}", but no lexicon defines it${hint || `; what is none belongs outside ${COLLECTIONS}/`}`
}
