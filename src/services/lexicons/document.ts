/** What is published: a lexicon as a record (`com.atproto.lexicon.schema`). */
import { type LexiconDoc, lexiconDoc } from '@atproto/lexicon'
import { cborToJson } from '../../kernel/cbor/to-json.ts'
import { LexiconError } from './lexicon-error.ts'

/** The collection that lexicons are published in, under their NSID. */
export const SCHEMA_COLLECTION = 'com.atproto.lexicon.schema'

/** The record: the lexicon's own fields, and the `$type` of the collection. */
export type SchemaRecord = LexiconDoc & { $type: typeof SCHEMA_COLLECTION }

/** A lexicon with where it came from. */
export interface PublishedLexicon {
  nsid: string
  /** The account that publishes it. */
  did: string
  cid: string
  /** The record as JSON text, with every field it came with. */
  json: string
}

/** Objects and lists inside each other: a lexicon has about ten levels. */
const MAX_DEPTH = 64

/** `at://<did>/com.atproto.lexicon.schema/<nsid>` */
export const uriOf = ({ did, nsid }: PublishedLexicon): string =>
  `at://${did}/${SCHEMA_COLLECTION}/${nsid}`

/**
 * Reads a published record, and takes only what is a lexicon of that name.
 *
 * @param block DAG-CBOR
 * @returns JSON text
 * @throws LexiconError `invalid`
 */
export function readDocument(nsid: string, block: Uint8Array): string {
  let json: string
  let record: unknown
  try {
    json = cborToJson(block)
    record = JSON.parse(json)
  } catch (cause) {
    throw invalid(nsid, 'it is no record', cause)
  }
  if (typeof record !== 'object' || record === null || depth(record) > MAX_DEPTH) {
    throw invalid(nsid, 'it is no lexicon')
  }
  const { $type, id } = record as { $type?: unknown; id?: unknown }
  if ($type !== SCHEMA_COLLECTION) throw invalid(nsid, 'it is a record of another type')
  if (id !== nsid) throw invalid(nsid, 'it has another id')
  const checked = lexiconDoc.safeParse(record)
  if (checked.success) return json
  const [issue] = checked.error.issues
  throw invalid(nsid, `it is no lexicon: ${issue?.path.join('.')}: ${issue?.message}`)
}

/** The record anew from its text: `Lexicons` changes the documents that it is given. */
export const parseRecord = ({ json }: Pick<PublishedLexicon, 'json'>): SchemaRecord =>
  JSON.parse(json) as SchemaRecord

/** How deep a value goes, as far as it matters. */
function depth(value: unknown, above = 0): number {
  if (typeof value !== 'object' || value === null || above > MAX_DEPTH) return above
  return Object.values(value).reduce(
    (deepest: number, part) => Math.max(deepest, depth(part, above + 1)),
    above,
  )
}

const invalid = (nsid: string, why: string, cause?: unknown) =>
  new LexiconError('invalid', `What is published as ${nsid} cannot be used: ${why}`, cause)
