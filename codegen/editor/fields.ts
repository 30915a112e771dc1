/** What each field of the lexicon language may be, as JSON Schema, and what is said of it in an editor. */
import { PATTERNS } from '../../src/services/lexicons/grammar.ts'
import { KEY_KINDS, STRING_FORMATS } from '../check/grammar.ts'

/** A piece of JSON Schema. */
export type Schema = { [key: string]: unknown } | boolean

const SEGMENT = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?'
const NSID = `[a-zA-Z](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\\.${SEGMENT})+\\.[a-zA-Z][a-zA-Z0-9]{0,62}`
const NAME = PATTERNS.name.slice(1, -1)

export const nsid = { type: 'string', pattern: `^${NSID}$`, maxLength: 317 }

const text = (description: string) => ({ type: 'string', description })
const flag = (description: string) => ({ type: 'boolean', description })
const size = (description: string) => ({ type: 'integer', minimum: 0, description })
const whole = (description: string) => ({ type: 'integer', description })
const list = (items: Schema, description: string) => ({ type: 'array', items, description })
const at = (place: string, description: string) => ({
  allOf: [{ $ref: `#/definitions/${place}` }],
  description,
})

const names = (description: string) => list({ type: 'string' }, description)

const reference = {
  type: 'string',
  pattern: `^(?:lex:)?(?:${NSID}(?:#${NAME})?|#${NAME})$`,
}

const propertiesOf = (place: string): Schema => ({
  type: 'object',
  description: 'By name',
  propertyNames: { pattern: PATTERNS.field, not: { const: '__proto__' } },
  additionalProperties: { $ref: `#/definitions/${place}` },
})

const parameters = at('parameters', 'What comes in the query string')

const body = (description: string): Schema => ({
  type: 'object',
  description,
  required: ['encoding'],
  additionalProperties: false,
  properties: {
    description: { type: 'string' },
    encoding: {
      type: 'string',
      pattern: PATTERNS.encoding,
      examples: ['application/json', '*/*'],
      description: 'Media type; only `application/json` has a schema',
    },
    schema: at('body', 'What is in it'),
  },
})

const errors = list(
  {
    type: 'object',
    required: ['name'],
    additionalProperties: false,
    properties: {
      name: { type: 'string', pattern: PATTERNS.name, description: 'As it is in the answer' },
      description: { type: 'string' },
    },
  },
  'Errors that callers may tell apart',
)

const inLanguages = (what: string): Schema => ({
  type: 'object',
  description: `${what} in other languages, by language tag`,
  additionalProperties: { type: 'string' },
})

/** By type and field. */
export const fieldSchemas: Readonly<Record<string, Readonly<Record<string, Schema>>>> = {
  array: {
    items: at('item', 'What each of them is'),
    minLength: size('Fewest items'),
    maxLength: size('Most items'),
  },
  blob: {
    accept: list(
      { type: 'string', pattern: PATTERNS.encoding, examples: ['image/*', '*/*'] },
      'Media types that it may have',
    ),
    maxSize: size('Bytes at most'),
  },
  boolean: {
    default: flag('What it is where it is left out'),
    const: flag('The one value that it may have'),
  },
  bytes: { minLength: size('Bytes at least'), maxLength: size('Bytes at most') },
  'cid-link': {},
  integer: {
    default: whole('What it is where it is left out'),
    minimum: whole('At least'),
    maximum: whole('At most'),
    enum: list({ type: 'integer' }, 'The values that it may have: none can be added later'),
    const: whole('The one value that it may have'),
  },
  object: {
    required: names('Properties that have to be there. None can be added later'),
    nullable: names('Properties that may be null'),
    properties: propertiesOf('property'),
  },
  params: {
    required: names('Parameters that have to be there'),
    properties: propertiesOf('parameter'),
  },
  'permission-set': {
    title: text('What people are asked to agree to, in a few words'),
    'title:lang': inLanguages('The title'),
    detail: text('The same in a sentence'),
    'detail:lang': inLanguages('The detail'),
    permissions: list({ $ref: '#/definitions/permission' }, 'What tokens allow'),
  },
  procedure: {
    parameters,
    input: body('What is sent'),
    output: body('What is answered'),
    errors,
  },
  query: { parameters, output: body('What is answered'), errors },
  record: {
    key: {
      type: 'string',
      pattern: `^(?:${KEY_KINDS.join('|')}|literal:.+)$`,
      examples: ['tid', 'any', 'nsid', 'literal:self'],
      description:
        'What keys records have: `tid` by time, `any`, `nsid`, or one alone (`literal:self`)',
    },
    record: at('record', 'What a record is'),
  },
  ref: {
    ref: { ...reference, description: '`#name` here, `com.example.defs#name` in another lexicon' },
  },
  string: {
    format: {
      enum: STRING_FORMATS,
      description: 'What it is written as. Length limits are of no use beside it',
    },
    default: text('What it is where it is left out'),
    minLength: size('Bytes of UTF-8 at least'),
    maxLength: size('Bytes of UTF-8 at most'),
    minGraphemes: size('Characters, as people count them, at least'),
    maxGraphemes: size('Characters, as people count them, at most'),
    enum: list({ type: 'string' }, 'The values that it may have: none can be added later'),
    const: text('The one value that it may have'),
    knownValues: list({ type: 'string' }, 'Values that mean something; others are allowed'),
  },
  subscription: {
    parameters,
    subprotocol: {
      type: 'string',
      description: 'How frames are encoded where a client names no WebSocket subprotocol',
      examples: ['xrpc.v0.cbor', 'xrpc.v1.json'],
    },
    message: {
      type: 'object',
      description: 'What is sent',
      required: ['schema'],
      additionalProperties: false,
      properties: {
        description: { type: 'string' },
        schema: at('message', 'A union of the kinds of messages'),
      },
    },
    errors,
  },
  token: {},
  union: {
    refs: list(reference, 'The definitions, by name'),
    closed: flag('Whether no others can be added later'),
  },
  unknown: {},
}

const common = { type: { const: 'permission' }, description: { type: 'string' } }
const nsids = (description: string) => ({ ...list(nsid, description), minItems: 1 })

/** A permission of a set. `codegen` also looks whether what it names is there, and in the namespace of the set. */
export const permissions: Schema = {
  type: 'object',
  required: ['type', 'resource'],
  properties: {
    type: { const: 'permission' },
    resource: {
      enum: ['repo', 'rpc'],
      enumDescriptions: ['Writing records', 'Calling methods'],
      description: 'Hosts leave all others out of sets: an app asks for them beside the set',
    },
  },
  allOf: [
    {
      if: { required: ['resource'], properties: { resource: { const: 'repo' } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: {
        required: ['collection'],
        properties: {
          ...common,
          resource: true,
          collection: nsids('Collections, each by its NSID in the namespace of the set'),
          action: {
            ...list({ enum: ['create', 'update', 'delete'] }, 'Without: all three'),
            minItems: 1,
          },
        },
      },
    },
    {
      if: { required: ['resource'], properties: { resource: { const: 'rpc' } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: {
        required: ['lxm'],
        properties: {
          ...common,
          resource: true,
          lxm: nsids('Methods, each by its NSID in the namespace of the set'),
          aud: { const: '*', description: 'Of any service' },
          inheritAud: {
            const: true,
            description: 'Of the service that the app names: `include:…?aud=…`',
          },
        },
        oneOf: [{ required: ['aud'] }, { required: ['inheritAud'], properties: { aud: false } }],
      },
    },
  ],
}
