/** Schemas as type expressions. The types are those of lex-cli, where these are right. */
import type { LexiconDoc } from '@atproto/lexicon'
import { isObject } from '../../check/shape.ts'
import { resolveRef } from '../../closure.ts'
import { quote } from '../quote.ts'
import type { Names } from './names.ts'
import { titleCase } from './names.ts'

/** A union of types, or arrays of it: apart, so that long ones can be put into lines. */
export interface TypeExpression {
  members: string[]
  isArray: boolean
  isNullable: boolean
}

/** Where an expression stands: the lexicon, the names in its file, and all other lexicons. */
export interface Scope {
  doc: LexiconDoc
  names: Names
  /** The type of a definition by full name, `com.example.defs#view`. */
  typeOf(def: string): string | undefined
}

export const single = (type: string): TypeExpression => ({
  members: [type],
  isArray: false,
  isNullable: false,
})

/** The type of a property, a parameter, an item, or of a definition that is no object. */
export function expressionOf(schema: unknown, scope: Scope, isNullable = false): TypeExpression {
  if (!isObject(schema)) return single('unknown')
  if (schema.type === 'array') {
    return { members: membersOf(schema.items, scope), isArray: true, isNullable }
  }
  return { members: membersOf(schema, scope), isArray: false, isNullable }
}

function membersOf(schema: unknown, scope: Scope): string[] {
  if (!isObject(schema)) return ['unknown']
  switch (schema.type) {
    case 'ref':
      return [reference(String(schema.ref), scope)]
    case 'union': {
      const refs = Array.isArray(schema.refs) ? schema.refs : []
      const types = refs.map((ref) => `$Typed<${reference(String(ref), scope)}>`)
      if (schema.closed !== true) types.push('{ $type: string }')
      return types.length > 0 ? types : ['never']
    }
    case 'blob':
      return [scope.names.imported('BlobRef')]
    case 'bytes':
      return [scope.names.global('Uint8Array')]
    case 'cid-link':
      return [scope.names.imported('CID')]
    case 'string':
      return strings(schema)
    case 'integer':
      return numbers(schema)
    case 'boolean':
      return [schema.const === true ? 'true' : 'boolean']
    default:
      return ['{ [_ in string]: unknown }']
  }
}

function strings({ knownValues, enum: values, const: only }: Record<string, unknown>): string[] {
  if (Array.isArray(knownValues) && knownValues.length > 0) {
    return [...knownValues.map((value) => quote(String(value))), '(string & {})']
  }
  if (Array.isArray(values)) return oneOf(values.map((value) => quote(String(value))))
  return [typeof only === 'string' && only !== '' ? quote(only) : 'string']
}

function numbers({ enum: values, const: only }: Record<string, unknown>): string[] {
  if (Array.isArray(values)) return oneOf(values.map(number))
  return [typeof only === 'number' && only !== 0 ? number(only) : 'number']
}

/** JSON has numbers that are too large for a literal. */
const number = (value: unknown): string => (Number.isFinite(value) ? String(value) : 'number')

const oneOf = (members: string[]): string[] => (members.length > 0 ? members : ['never'])

/** A token is a text, the full name of its definition, and has no type of its own. */
function reference(ref: string, { doc, names, typeOf }: Scope): string {
  const target = resolveRef(ref, doc.id)
  const [nsid = '', name = ''] = target.split('#')
  if (typeOf(target) === 'token') return quote(name === 'main' ? nsid : target)
  const type = titleCase(name)
  return nsid === doc.id ? type : `${names.module(nsid)}.${type}`
}
