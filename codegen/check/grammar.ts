/** The lexicon language as a table: which types may stand where, and which fields each type has. */

const DATA = ['boolean', 'integer', 'string', 'bytes', 'cid-link', 'blob', 'unknown'] as const
const REFERENCES = ['ref', 'union'] as const

/** Defs that have to be called `main`. */
export const MAIN_ONLY = ['record', 'query', 'procedure', 'subscription', 'permission-set'] as const

/** The types that may stand at each kind of place. */
export const ALLOWED = {
  def: [...MAIN_ONLY, 'object', 'array', 'token', ...DATA],
  property: [...DATA, ...REFERENCES, 'array'],
  item: [...DATA, ...REFERENCES],
  parameter: ['boolean', 'integer', 'string', 'unknown', 'array'],
  parameterItem: ['boolean', 'integer', 'string', 'unknown'],
  body: ['object', ...REFERENCES],
  message: ['union'],
  record: ['object'],
  parameters: ['params'],
  permission: ['permission'],
} as const satisfies Record<string, readonly string[]>

export type Place = keyof typeof ALLOWED

export const STRING_FORMATS = [
  'at-identifier',
  'at-uri',
  'cid',
  'datetime',
  'did',
  'handle',
  'language',
  'nsid',
  'record-key',
  'tid',
  'uri',
] as const

/** Kinds of record keys, beside `literal:` with the key. */
export const KEY_KINDS: readonly string[] = ['any', 'nsid', 'tid']

/** The fields of each type, beside `type` and `description`. Permissions may have any. */
export const FIELDS: Readonly<Record<string, readonly string[]>> = {
  array: ['items', 'minLength', 'maxLength'],
  blob: ['accept', 'maxSize'],
  boolean: ['default', 'const'],
  bytes: ['minLength', 'maxLength'],
  'cid-link': [],
  integer: ['default', 'minimum', 'maximum', 'enum', 'const'],
  object: ['required', 'nullable', 'properties'],
  params: ['required', 'properties'],
  'permission-set': ['title', 'title:lang', 'detail', 'detail:lang', 'permissions'],
  procedure: ['parameters', 'input', 'output', 'errors'],
  query: ['parameters', 'output', 'errors'],
  record: ['key', 'record'],
  ref: ['ref'],
  string: [
    'format',
    'default',
    'minLength',
    'maxLength',
    'minGraphemes',
    'maxGraphemes',
    'enum',
    'const',
    'knownValues',
  ],
  subscription: ['parameters', 'message', 'errors', 'subprotocol'],
  token: [],
  union: ['refs', 'closed'],
  unknown: [],
}
