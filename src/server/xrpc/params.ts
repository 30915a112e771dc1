import type { Lexicons, LexXrpcParameters } from '@atproto/lexicon'
import { InvalidRequestError } from '@atproto/xrpc-server'
import { type Query, simpleParams } from './simple-params.ts'

type Primitive = string | number | boolean

/**
 * Reads query parameters as the lexicon types them and fills in defaults. Parameters that the lexicon
 * does not know are left out (atproto HTTP API specification, Lexicon query parameters). Empty ones count
 * as absent, as in the reference: clients write `cursor=` for a cursor they do not have.
 *
 * @param search the query, empty or with its `?`
 * @throws InvalidRequestError naming the method and what is wrong
 */
export function parseParams(
  lexicons: Lexicons,
  nsid: string,
  schema: LexXrpcParameters | undefined,
  search: string,
): object {
  if (!schema) return {}
  const query = readQuery(search)
  const simple = simpleParams(schema, query)
  if (simple) return simple
  const raw: Record<string, Primitive | Primitive[]> = withoutPrototype()
  for (const [name, property] of Object.entries(schema.properties)) {
    const values = query.get(name) ?? []
    const first = values[0]
    if (first === undefined) continue
    if (property.type === 'array') {
      const { type } = property.items
      raw[name] = values.map((value) => parsePrimitive(type, value))
    } else {
      if (values.length > 1) throw invalid(nsid, `${name} must be given once`)
      raw[name] = parsePrimitive(property.type, first)
    }
  }
  try {
    return Object.assign(withoutPrototype(), lexicons.assertValidXrpcParams(nsid, raw))
  } catch (error) {
    throw invalid(nsid, error instanceof Error ? error.message : String(error))
  }
}

function readQuery(search: string): Query {
  const query = new Map<string, string[]>()
  for (const [name, value] of new URLSearchParams(search)) {
    if (value === '') continue
    const values = query.get(name)
    if (values) values.push(value)
    else query.set(name, [value])
  }
  return query
}

/** A parameter may be called `constructor`: one that is not given must not be what every object has. */
const withoutPrototype = () => Object.create(null) as Record<string, never>

/** What does not parse stays a string: the validator then says what it should have been. */
function parsePrimitive(type: string, value: string): Primitive {
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true'
  if (type === 'integer' && /^-?\d+$/.test(value)) return Number(value)
  return value
}

const invalid = (nsid: string, message: string) =>
  new InvalidRequestError(`Invalid ${nsid} params: ${message}`)
