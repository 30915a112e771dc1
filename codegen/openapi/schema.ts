/** Lexicon types as JSON Schema 2020-12, which is what OpenAPI 3.1 has. */
import { resolveRef } from '../closure.ts'

export type Json = { [key: string]: unknown }

/** A piece of a lexicon. Which fields there are depends on its type; the checks have looked at them. */
interface Schema {
  type?: string
  [field: string]: unknown
}

/** Formats that JSON Schema knows by another name; the others keep theirs, which validators take for notes. */
const FORMATS: Readonly<Record<string, string | undefined>> = { datetime: 'date-time' }

/** An underscore is in no NSID, so that no two definitions have one name. */
export const componentOf = (defId: string): string => {
  const [nsid = '', name = 'main'] = defId.split('#')
  return name === 'main' ? nsid : `${nsid}_${name}`
}

export const refTo = (component: string): Json => ({ $ref: `#/components/schemas/${component}` })

/** What strings of the data model that JSON has no type for look like (data model specification). */
export const dataModel: Readonly<Record<string, Json>> = {
  _Bytes: {
    type: 'object',
    required: ['$bytes'],
    properties: { $bytes: { type: 'string', contentEncoding: 'base64' } },
  },
  _CidLink: {
    type: 'object',
    required: ['$link'],
    properties: { $link: { type: 'string', format: 'cid' } },
  },
  _Blob: {
    type: 'object',
    description: 'What `com.atproto.repo.uploadBlob` answered.',
    required: ['$type', 'ref', 'mimeType', 'size'],
    properties: {
      $type: { const: 'blob' },
      ref: refTo('_CidLink'),
      mimeType: { type: 'string' },
      size: { type: 'integer' },
    },
  },
}

/** @param nsid the lexicon that a piece is in, for references; `name` that of a definition, where it is one */
export function jsonSchema(schema: unknown, nsid: string, name?: string): Json {
  const piece = schema as Schema
  const { description } = piece
  return {
    ...(typeof description === 'string' && { description }),
    ...typed(piece, nsid, name),
  }
}

function typed(piece: Schema, nsid: string, name?: string): Json {
  switch (piece.type) {
    case 'string':
      return string(piece)
    case 'integer':
      return {
        type: 'integer',
        format: 'int64',
        ...pick(piece, { minimum: 'minimum', maximum: 'maximum' }),
        ...values(piece),
      }
    case 'boolean':
      return { type: 'boolean', ...values(piece) }
    case 'bytes':
      return refTo('_Bytes')
    case 'cid-link':
      return refTo('_CidLink')
    case 'blob':
      return {
        allOf: [refTo('_Blob')],
        ...pick(piece, { accept: 'x-accept', maxSize: 'x-maxSize' }),
      }
    case 'array':
      return {
        type: 'array',
        items: jsonSchema(piece.items, nsid),
        ...pick(piece, { minLength: 'minItems', maxLength: 'maxItems' }),
      }
    case 'token':
      return { type: 'string', const: name === 'main' ? nsid : `${nsid}#${name}` }
    case 'ref':
      return refTo(componentOf(resolveRef(String(piece.ref), nsid)))
    case 'union':
      return union(piece, nsid)
    case 'record':
      return record(piece, nsid)
    case 'object':
    case 'params':
      return object(piece, nsid)
    // `unknown`, and what a later version of the language may bring.
    default:
      return { type: 'object' }
  }
}

/** Lengths of lexicons are bytes of UTF-8, of which a character has up to four. */
function string(piece: Schema): Json {
  const { format, minLength, maxLength } = piece
  return {
    type: 'string',
    ...(typeof format === 'string' && { format: FORMATS[format] ?? format }),
    ...(typeof minLength === 'number' && {
      minLength: Math.ceil(minLength / 4),
      'x-minBytes': minLength,
    }),
    ...(typeof maxLength === 'number' && { maxLength, 'x-maxBytes': maxLength }),
    ...pick(piece, {
      minGraphemes: 'x-minGraphemes',
      maxGraphemes: 'x-maxGraphemes',
      knownValues: 'x-knownValues',
    }),
    ...values(piece),
  }
}

const values = (piece: Schema): Json =>
  pick(piece, { default: 'default', enum: 'enum', const: 'const' })

/** Open unions may hold what nobody knows yet. */
function union({ refs, closed }: Schema, nsid: string): Json {
  const known = (Array.isArray(refs) ? refs : []).map((ref) => {
    const id = resolveRef(String(ref), nsid)
    const $type = { const: id.replace(/#main$/, '') }
    return { allOf: [refTo(componentOf(id))], required: ['$type'], properties: { $type } }
  })
  const any = { type: 'object', required: ['$type'], properties: { $type: { type: 'string' } } }
  return { anyOf: closed === true && known.length > 0 ? known : [...known, any] }
}

function record({ record: body, key }: Schema, nsid: string): Json {
  const made = jsonSchema(body, nsid)
  const required = Array.isArray(made.required) ? made.required : []
  return {
    ...made,
    required: ['$type', ...required],
    properties: { $type: { const: nsid }, ...(made.properties as Json) },
    'x-key': key,
  }
}

function object({ properties, required, nullable }: Schema, nsid: string): Json {
  const mayBeNull = new Set(Array.isArray(nullable) ? nullable : [])
  const made = Object.entries(properties ?? {}).map(([name, property]) => {
    const schema = jsonSchema(property, nsid)
    return [name, mayBeNull.has(name) ? { anyOf: [schema, { type: 'null' }] } : schema]
  })
  return {
    type: 'object',
    ...(Array.isArray(required) && required.length > 0 && { required }),
    properties: Object.fromEntries(made),
  }
}

/** The fields of a piece that are there, by the names that they get. */
const pick = (piece: Schema, names: Record<string, string>): Json =>
  Object.fromEntries(
    Object.entries(names).flatMap(([from, to]) =>
      piece[from] === undefined ? [] : [[to, piece[from]]],
    ),
  )
