/** Goes through a value along its schema, for the rules that `@atproto/lexicon` leaves out. */
import type { Lexicons } from '@atproto/lexicon'

/** The parts of a schema that lead further inside, and what a blob or a text may be. */
export interface Schema {
  type: string
  record?: Schema
  properties?: Record<string, Schema>
  items?: Schema
  ref?: string
  refs?: string[]
  accept?: string[]
  maxSize?: number
  format?: string
}

/** Looks at one object or text of a value, together with the schema of its place. */
export type Check = (schema: Schema, value: unknown, path: string) => void

/**
 * Shows every object and every text in a value to `check`: arrays, bytes, links and blobs too. Places that the schema
 * does not describe are left out.
 *
 * @param path what messages call the value
 */
export function walkSchema(
  lexicons: Lexicons,
  schema: Schema | undefined,
  value: unknown,
  path: string,
  check: Check,
): void {
  if (!schema || value === null) return
  if (typeof value !== 'object' && typeof value !== 'string') return
  check(schema, value, path)
  for (const [place, next, child] of steps(lexicons, schema, value)) {
    walkSchema(lexicons, next, child, `${path}${place}`, check)
  }
}

/** The schemas and values one step further inside, with where they are. */
function steps(
  lexicons: Lexicons,
  schema: Schema,
  value: object | string,
): [place: string, schema: Schema | undefined, value: unknown][] {
  if (typeof value === 'string' && schema.type !== 'ref') return []
  switch (schema.type) {
    case 'record':
      return [['', schema.record, value]]
    case 'object':
      return Object.entries(schema.properties ?? {}).map(([name, property]) => [
        `/${name}`,
        property,
        (value as Record<string, unknown>)[name],
      ])
    case 'array':
      return Array.isArray(value)
        ? value.map((item, index) => [`/${index}`, schema.items, item])
        : []
    case 'ref':
      return [['', definition(lexicons, schema.ref), value]]
    case 'union': {
      const { $type } = value as { $type?: unknown }
      const type = typeof $type === 'string' ? typeName($type) : undefined
      const ref = schema.refs?.find((candidate) => typeName(candidate) === type)
      return [['', definition(lexicons, ref), value]]
    }
    default:
      return []
  }
}

const definition = (lexicons: Lexicons, ref: string | undefined): Schema | undefined =>
  ref === undefined ? undefined : (lexicons.getDef(ref) as Schema | undefined)

/** `lex:app.bsky.embed.images#main` → `app.bsky.embed.images`, as `$type` has it, as a rule. */
export const typeName = (ref: string): string => ref.replace(/^lex:/, '').replace(/#main$/, '')
