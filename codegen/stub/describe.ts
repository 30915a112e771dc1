/** Schemas in a line of prose, for the comment of a handler stub. */
import { isObject } from '../check/shape.ts'

/** Properties in TypeScript's manner: `name: string <= 64 bytes, limit?: integer 1..100 = 50`. */
export function describeProperties(schema: unknown): string {
  if (!isObject(schema) || !isObject(schema.properties)) return ''
  const required = Array.isArray(schema.required) ? schema.required : []
  return Object.entries(schema.properties)
    .map(([name, value]) => `${name}${required.includes(name) ? '' : '?'}: ${describeType(value)}`)
    .join(', ')
}

/** A type with its limits: `string (did)`, `#view[]`, `integer 1..100 = 50`. */
export function describeType(schema: unknown): string {
  if (!isObject(schema)) return 'unknown'
  switch (schema.type) {
    case 'object':
      return `{ ${describeProperties(schema)} }`
    case 'array': {
      const items = describeType(schema.items)
      return items.includes(' ') ? `(${items})[]` : `${items}[]`
    }
    case 'ref':
      return String(schema.ref)
    case 'union':
      return Array.isArray(schema.refs) ? schema.refs.join(' | ') : 'union'
    default:
      return [schema.type, ...limits(schema)].join(' ')
  }
}

function limits(schema: Record<string, unknown>): string[] {
  const { format, minimum, maximum, maxLength, maxGraphemes, maxSize, accept } = schema
  const words: string[] = []
  if (format !== undefined) words.push(`(${format})`)
  if (minimum !== undefined || maximum !== undefined) {
    words.push(`${minimum ?? ''}..${maximum ?? ''}`)
  }
  if (maxGraphemes !== undefined) words.push(`<= ${maxGraphemes} graphemes`)
  else if (maxLength !== undefined) words.push(`<= ${maxLength} bytes`)
  if (Array.isArray(accept)) words.push(`of ${accept.join(', ')}`)
  if (maxSize !== undefined) words.push(`<= ${maxSize} bytes`)
  if (schema.default !== undefined) words.push(`= ${JSON.stringify(schema.default)}`)
  return words
}
