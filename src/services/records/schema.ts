/** Finds what records of a collection are validated with. */
import type { Lexicons, LexRecord } from '@atproto/lexicon'
import type { App } from '../../app.ts'
import { lexicons as treeLexicons } from '../../generated/lexicons.ts'
import { LexiconError } from '../lexicons/lexicon-error.ts'

/** The schema of a collection, or that there is none. */
export type RecordSchema = KnownSchema | UnknownSchema

export interface KnownSchema {
  lexicons: Lexicons
  def: LexRecord
  /** From the network: it may refer to lexicons that cannot be had. `required` as below. */
  live?: { required: boolean }
}

export interface UnknownSchema {
  def?: undefined
  /** Why it could not be resolved, if that was tried. */
  reason?: string
  /** The operator wants no records without a schema. */
  required: boolean
}

const UNKNOWN: UnknownSchema = { required: false }

/** What the schema of a write is looked up by. */
export interface SchemaQuery {
  collection: string
  /** false: nothing is validated, so that nobody is asked. */
  validate?: boolean
}

type Parts = Pick<App, 'config' | 'lexicons'>

/** The schema in the tree, at once, or else what `PDS_LEXICON_MODE` says. @param caller DID */
export function findSchema(
  { config, lexicons }: Parts,
  { collection, validate }: SchemaQuery,
  caller: string,
): RecordSchema | Promise<RecordSchema> {
  const known = knownSchema(collection)
  if (known) return known
  if (config.lexiconMode === 'known' || validate === false) return UNKNOWN
  return resolveSchema(lexicons, collection, caller, config.lexiconMode === 'strict')
}

/** The same for the collections of a batch, each looked up once. */
export async function findSchemas(
  parts: Parts,
  queries: readonly SchemaQuery[],
  caller: string,
): Promise<ReadonlyMap<string, RecordSchema>> {
  const byCollection = new Map(queries.map((query) => [query.collection, query]))
  const found = [...byCollection].map(
    async ([collection, query]) => [collection, await findSchema(parts, query, caller)] as const,
  )
  return new Map(await Promise.all(found))
}

function knownSchema(collection: string): KnownSchema | undefined {
  const lexicons = treeLexicons()
  const def = lexicons.getDef(collection)
  return def?.type === 'record' ? { lexicons, def } : undefined
}

async function resolveSchema(
  resolver: App['lexicons'],
  collection: string,
  caller: string,
  required: boolean,
): Promise<RecordSchema> {
  try {
    return { ...(await resolver.schema(collection, caller)), live: { required } }
  } catch (error) {
    if (!(error instanceof LexiconError)) throw error
    return { reason: error.message, required }
  }
}
