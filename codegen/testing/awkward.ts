/** Trees of lexicons whose names mean something to TypeScript, collide, or are none. */
import fc from 'fast-check'
import { type Files, lexicon } from './project.ts'

const NSIDS = [
  ...['com.example.a.b', 'com.example.aB', 'com.example.ab', 'com.example.AB', 'com.example.a-b.c'],
  ...[
    'com.example.constructor',
    'com.example.toString',
    'com.example.class.list',
    'com.4chan.list',
  ],
  ...[
    'com.example.default',
    'com.my-site.list',
    'com.mySite.list',
    'com.example.index',
    'cid.cid.cid',
  ],
  ...['com.example.prototype.constructor', 'com.xn--bcher-kva.list', 'com.example.BlobRef'],
  ...[
    'org.example.one',
    'org.example.two',
    'org.example.three',
    'org.example.four',
    'org.example.five',
  ],
]

const NAMES = [
  ...['a', 'b', 'A', 'v', 'V', 'T', 'id', 'is', 'isMain', 'validateMain', 'hashMain', 'validate'],
  ...['record', 'Record', 'Main', 'isRecord', 'queryParams', 'inputSchema', 'handlerError'],
  ...['BlobRef', 'blobRef', 'CID', 'ValidationResult', 'omitKey', '$Typed', 'errorFrame', 'stream'],
  ...['constructor', 'toString', 'hasOwnProperty', 'prototype', '__proto__', 'valueOf', 'then'],
  ...['object', 'string', 'array', 'function', 'promise', 'uint8Array', 'blob', 'symbol', 'never'],
  ...[
    'class',
    'default',
    'import',
    'export',
    'await',
    'null',
    'undefined',
    'any',
    'unknown',
    'void',
  ],
  ...[
    'kebab-case',
    'kebabCase',
    'snake_case',
    'SNAKE_CASE',
    'cid-link',
    'a-1',
    'a1',
    'orgExampleOne',
  ],
  ...[
    '1st',
    '@id',
    'a.b',
    '',
    ' ',
    "it's",
    '*/',
    'naïve',
    '$dollar',
    '_private',
    '-',
    'globalThis',
  ],
]

/** Mostly names that are fine alone, so that enough is left to be compiled. */
const name = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.constantFrom(...NAMES.filter((text) => /^[a-z][\w-]*$/i.test(text))),
  },
  { weight: 1, arbitrary: fc.constantFrom(...NAMES) },
)

type Schema = Record<string, unknown>

/** What cannot be referred to. */
const METHODS = ['query', 'procedure', 'subscription']

/** Which of the tree's definitions is meant, counted around. */
const REF = 'ref of number'
const reference = fc.nat(500).map((number): Schema => ({ type: REF, number }))
const references = fc.array(reference, { maxLength: 3 })

const scalar: fc.Arbitrary<Schema> = fc.oneof(
  fc.constantFrom<Schema>(
    ...['string', 'integer', 'boolean', 'unknown', 'bytes', 'cid-link', 'blob'].map((type) => ({
      type,
    })),
  ),
  fc.array(name, { maxLength: 2 }).map((values) => ({ type: 'string', enum: values })),
  fc.array(name, { maxLength: 2 }).map((values) => ({ type: 'string', knownValues: values })),
  fc.array(fc.integer(), { maxLength: 2 }).map((values) => ({ type: 'integer', enum: values })),
  fc.constantFrom<Schema>(
    { type: 'string', const: '' },
    { type: 'integer', const: -1 },
    { type: 'integer', default: 0 },
    { type: 'boolean', const: false },
  ),
)
const item = fc.oneof(
  scalar,
  reference,
  fc.tuple(references, fc.boolean()).map(([refs, closed]) => ({ type: 'union', refs, closed })),
)
const property = fc
  .tuple(
    fc.oneof(
      item,
      item.map((items) => ({ type: 'array', items })),
    ),
    fc.option(name),
  )
  .map(([schema, description]) => ({ ...schema, ...(description && { description }) }))

const fieldsOf = (schema: fc.Arbitrary<Schema>) =>
  fc.tuple(fc.dictionary(name, schema, { maxKeys: 5 }), fc.nat(3), fc.nat(3))

const object = fieldsOf(property).map(([properties, required, nullable]) => ({
  type: 'object',
  required: Object.keys(properties).slice(0, required),
  nullable: Object.keys(properties).slice(-nullable),
  properties,
}))

const parameters = fieldsOf(
  fc.oneof(
    scalar.filter(({ type }) => !['bytes', 'cid-link', 'blob'].includes(String(type))),
    fc.constantFrom<Schema>({ type: 'array', items: { type: 'string', knownValues: ['a', 'b'] } }),
  ),
).map(([properties, required]) => ({
  type: 'params',
  required: Object.keys(properties).slice(0, required),
  properties,
}))

const body = fc.oneof(
  fc
    .oneof(
      object,
      item.filter(({ type }) => type === REF || type === 'union'),
    )
    .map((schema) => ({
      encoding: 'application/json',
      schema,
    })),
  fc.constantFrom<Schema>({ encoding: '*/*' }, { encoding: 'text/csv, text/plain' }),
)
const errors = fc.array(
  name.map((text) => ({ name: text })),
  { maxLength: 3 },
)
const method = fc.record({ parameters, output: body, errors }, { requiredKeys: [] })
const main: fc.Arbitrary<Schema | undefined> = fc.oneof(
  fc.constant(undefined),
  object,
  object.map((record) => ({ type: 'record', key: 'tid', record })),
  method.map((parts) => ({ type: 'query', ...parts })),
  fc
    .tuple(method, fc.option(body))
    .map(([parts, input]) => ({ type: 'procedure', ...parts, ...(input && { input }) })),
  fc.tuple(parameters, references, errors).map(([params, refs, list]) => ({
    type: 'subscription',
    parameters: params,
    message: { schema: { type: 'union', refs } },
    errors: list,
  })),
  fc.constant({ type: 'token' }),
)

const def = fc.oneof(
  object,
  scalar,
  fc.constant<Schema>({ type: 'token' }),
  item.map((items) => ({ type: 'array', items })),
)

const one = fc.record({
  nsid: fc.constantFrom(...NSIDS),
  main,
  defs: fc.dictionary(name, def, { maxKeys: 5 }),
})

/** Trees of many lexicons, which refer to one another. */
export const awkwardTrees: fc.Arbitrary<Files> = fc
  .uniqueArray(one, { selector: ({ nsid }) => nsid, minLength: 12, maxLength: NSIDS.length })
  .map((lexicons) => {
    const docs = lexicons.map(({ nsid, main: first, defs }) => ({
      nsid,
      defs: { ...(first && { main: first }), ...defs },
    }))
    const targets = docs.flatMap(({ nsid, defs }) =>
      Object.entries(defs)
        .filter(([, { type }]) => !METHODS.includes(String(type)))
        .map(([key]) => `${nsid}#${key}`),
    )
    const link = (_: string, value: Schema | undefined): unknown => {
      if (value?.type === REF) {
        return { type: 'ref', ref: targets[Number(value.number) % targets.length] }
      }
      if (value?.type !== 'union' || !Array.isArray(value.refs)) return value
      return { ...value, refs: value.refs.map(({ ref }) => ref) }
    }
    const linked: typeof docs = JSON.parse(JSON.stringify(docs), link)
    return Object.assign({}, ...linked.map(({ nsid, defs }) => lexicon(nsid, defs)))
  })
