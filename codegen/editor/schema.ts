/**
 * The JSON Schema (draft 7) of lexicon files: completion, explanations and squiggles in editors. Made of the table that
 * `codegen` checks by, so that both say the same, as far as JSON Schema can.
 */
import { PATTERNS } from '../../src/services/lexicons/grammar.ts'
import { ALLOWED, FIELDS, MAIN_ONLY, type Place } from '../check/grammar.ts'
import { fieldSchemas, nsid, permissions, type Schema } from './fields.ts'

/** Places that a definition which is not called `main` may be at. */
const OTHER_DEFS = ALLOWED.def.filter((type) => !MAIN_ONLY.some((only) => only === type))

/** Types whose parts depend on where they stand. */
const ITEMS: Partial<Record<Place, Place>> = { parameter: 'parameterItem' }

/** The whole schema. */
export function lexiconSchema(): Exclude<Schema, boolean> {
  const places = Object.entries(ALLOWED).filter(([place]) => place !== 'permission')
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Lexicon',
    description: 'A schema of the AT Protocol (https://atproto.com/specs/lexicon)',
    type: 'object',
    required: ['lexicon', 'id', 'defs'],
    additionalProperties: false,
    properties: {
      $schema: { type: 'string', description: 'For editors that find the schema by it' },
      lexicon: { const: 1, description: 'The version of the Lexicon language' },
      id: {
        ...nsid,
        description:
          'NSID: a domain that you own, turned around, and a name. The path of the file says the same',
      },
      revision: { type: 'integer', description: 'Counts versions' },
      description: { type: 'string' },
      defs: {
        type: 'object',
        description: 'Definitions by name; `main` is what the NSID stands for',
        minProperties: 1,
        propertyNames: { pattern: PATTERNS.name },
        properties: { main: { $ref: '#/definitions/def' } },
        additionalProperties: { $ref: '#/definitions/otherDef' },
        defaultSnippets: [{ label: 'main', body: { main: { type: '$1' } } }],
      },
    },
    definitions: {
      ...Object.fromEntries(places.map(([place, types]) => [place, choice(types, place as Place)])),
      otherDef: choice(OTHER_DEFS, 'def'),
      permission: permissions,
      ...typeDefinitions(),
    },
  }
}

/** One of some types: which, its `type` says. */
function choice(types: readonly string[], place: Place): Schema {
  return {
    type: 'object',
    required: ['type'],
    properties: { type: { enum: types, enumDescriptions: types.map(aboutType) } },
    allOf: types.map((type) => ({
      if: { required: ['type'], properties: { type: { const: type } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { $ref: `#/definitions/type-${nameAt(type, place)}` },
    })),
  }
}

/** Lists and parameters hold less than properties do. */
const nameAt = (type: string, place: Place): string =>
  type === 'array' && ITEMS[place] ? 'array-of-parameters' : type

function typeDefinitions(): Record<string, Schema> {
  const types = Object.entries(FIELDS).map(([type, fields]) => [
    `type-${type}`,
    typeDefinition(type, fields, fieldSchemas[type] ?? {}),
  ])
  const items = { $ref: '#/definitions/parameterItem' }
  const array = typeDefinition('array', FIELDS.array ?? [], { ...fieldSchemas.array, items })
  return { ...Object.fromEntries(types), 'type-array-of-parameters': array }
}

/** @throws Error for a field that the table has and nobody has described */
function typeDefinition(
  type: string,
  fields: readonly string[],
  schemas: Readonly<Record<string, Schema>>,
): Schema {
  const known = fields.map((field) => {
    const schema = schemas[field]
    if (schema === undefined) throw new Error(`what "${field}" of ${type} may be is not said`)
    return [field, schema] as const
  })
  const required = REQUIRED[type] ?? []
  return {
    description: aboutType(type),
    required: ['type', ...required],
    additionalProperties: false,
    patternProperties: { '^x-': true },
    properties: {
      type: true,
      description: { type: 'string', description: 'For people: comes out in the generated types' },
      ...Object.fromEntries(known),
    },
  }
}

/** Fields that have to be there. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  array: ['items'],
  object: ['properties'],
  params: ['properties'],
  'permission-set': ['permissions'],
  record: ['record'],
  ref: ['ref'],
  subscription: ['message'],
  union: ['refs'],
}

const aboutType = (type: string): string => ABOUT[type] ?? ''

const ABOUT: Readonly<Record<string, string>> = {
  array: 'A list of values of one kind',
  blob: 'A file, uploaded before',
  boolean: 'True or false',
  bytes: 'Bytes, in the record itself',
  'cid-link': 'A link to a block, by its CID',
  integer: 'A whole number, up to 53 bits',
  object: 'An object with named properties',
  params: 'The parameters of a method, in the query string',
  'permission-set': 'What an app asks for by one name, and a person agrees to by its title',
  procedure: 'A method that changes something: HTTP POST',
  query: 'A method that reads: HTTP GET',
  record: 'A kind of records: a collection in repositories',
  ref: 'Another definition, by its name',
  string: 'A text',
  subscription: 'A stream of messages, by WebSocket',
  token: 'A name that means something by itself, for use in `knownValues`',
  union: 'One of several definitions, told by its `$type`',
  unknown: 'Any object',
}
