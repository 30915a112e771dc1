/** What is published: a lexicon as a record (`com.atproto.lexicon.schema`). */
import { type LexiconDoc, lexiconDoc } from '@atproto/lexicon'
import { cborToJson } from '../../kernel/cbor/to-json.ts'
import { isTooDeep } from './depth.ts'
import { nameProblems } from './grammar.ts'
import { withoutInlineObjects } from './inline-objects.ts'
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
  if (typeof record !== 'object' || record === null || isTooDeep(record)) {
    throw invalid(nsid, 'it is no lexicon')
  }
  const { $type, id } = record as { $type?: unknown; id?: unknown }
  if ($type !== SCHEMA_COLLECTION) throw invalid(nsid, 'it is a record of another type')
  if (id !== nsid) throw invalid(nsid, 'it has another id')
  const checked = lexiconDoc.safeParse(withoutInlineObjects(record))
  if (!checked.success) {
    const [issue] = checked.error.issues
    throw invalid(nsid, `it is no lexicon: ${issue?.path.join('.')}: ${issue?.message}`)
  }
  for (const [name, { type }] of Object.entries(checked.data.defs)) {
    // Nothing is known of it, so that there is nothing to define.
    if (type === 'unknown') throw invalid(nsid, `it is no lexicon: defs.${name} is unknown`)
  }
  for (const { at, message } of nameProblems(record)) {
    throw invalid(nsid, `it is no lexicon: ${shortened(at)}: ${message}`)
  }
  return json
}

/** The record anew from its text: `Lexicons` changes the documents that it is given. */
export const parseRecord = ({ json }: Pick<PublishedLexicon, 'json'>): SchemaRecord =>
  JSON.parse(json) as SchemaRecord

/** A place in a lexicon; its parts may be as long as the lexicon. */
const shortened = (at: readonly (string | number)[]): string => at.join('.').slice(0, 200)

const invalid = (nsid: string, why: string, cause?: unknown) =>
  new LexiconError('invalid', `What is published as ${nsid} cannot be used: ${why}`, cause)
