/** Finds what records of a collection are validated with. */
import type { Config } from '../../kernel/config/config.ts'
import { lexicons as treeLexicons } from '../../kernel/lexicons.ts'
import { LexiconError } from '../lexicons/lexicon-error.ts'
import type { LexiconResolver } from '../lexicons/resolver.ts'
import type { KnownSchema, RecordSchema, UnknownSchema } from './record-schema.ts'

type LiveSchemas = Pick<LexiconResolver, 'schema'>

const UNKNOWN: UnknownSchema = { required: false }

/** What the schema of a write is looked up by. */
export interface SchemaQuery {
  collection: string
  /** false: nothing is validated, so that nobody is asked. */
  validate?: boolean
}

/** Finds the schemas of collections: in the tree, or else where `PDS_LEXICON_MODE` says. */
export class SchemaSource {
  readonly #mode: Config['lexiconMode']
  readonly #lexicons: LiveSchemas

  constructor(mode: Config['lexiconMode'], lexicons: LiveSchemas) {
    this.#mode = mode
    this.#lexicons = lexicons
  }

  /** At once where the schema is in the tree. @param caller DID */
  find(
    { collection, validate }: SchemaQuery,
    caller: string,
  ): RecordSchema | Promise<RecordSchema> {
    const known = knownSchema(collection)
    if (known) return known
    if (this.#mode === 'known' || validate === false) return UNKNOWN
    return resolveSchema(this.#lexicons, collection, caller, this.#mode === 'strict')
  }

  /** The same for the collections of a batch, each looked up once. */
  async findAll(
    queries: readonly SchemaQuery[],
    caller: string,
  ): Promise<ReadonlyMap<string, RecordSchema>> {
    const byCollection = new Map(queries.map((query) => [query.collection, query]))
    const found = [...byCollection].map(
      async ([collection, query]) => [collection, await this.find(query, caller)] as const,
    )
    return new Map(await Promise.all(found))
  }
}

function knownSchema(collection: string): KnownSchema | undefined {
  const lexicons = treeLexicons()
  const def = lexicons.getDef(collection)
  return def?.type === 'record' ? { lexicons, def } : undefined
}

async function resolveSchema(
  resolver: LiveSchemas,
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
