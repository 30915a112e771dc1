/** Lexicons as files and as records. */
import type { LexValue } from '@atproto/lex-data'
import { cidOf, cidString } from '../../src/kernel/cbor/cid.ts'
import { encode } from '../../src/kernel/cbor/encode.ts'
import { SCHEMA_COLLECTION } from '../../src/services/lexicons/document.ts'

/** A lexicon as it is published: the fields of its file, and the `$type` of the collection. */
export const asRecord = (lexicon: object) => ({ ...lexicon, $type: SCHEMA_COLLECTION })

/** The CID that a lexicon has as a record: the same for the same content, however it is written. */
export const cidOfLexicon = (lexicon: object): string =>
  cidString(cidOf(encode(asRecord(lexicon) as LexValue)))

/** Fields in the order in which people write them; a record has them by length. Others follow. */
const ORDER = [
  ...['lexicon', 'id', 'revision', 'main', 'type', 'description', 'key', 'parameters', 'input'],
  ...['output', 'message', 'record', 'encoding', 'schema', 'required', 'nullable', 'properties'],
]

/** The text of a lexicon's file. */
export function fileText(record: object): string {
  const { $type: _, ...lexicon } = record as { $type?: string }
  return `${JSON.stringify(inOrder(lexicon), null, 2)}\n`
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== 'object' || value === null) return value
  const rank = (key: string) => (ORDER.includes(key) ? ORDER.indexOf(key) : ORDER.length)
  const entries = Object.entries(value).map(([key, part]) => [key, inOrder(part)] as const)
  return Object.fromEntries(entries.sort(([a], [b]) => rank(a) - rank(b)))
}
