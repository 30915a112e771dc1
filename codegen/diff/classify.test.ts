import { expect, test } from 'vitest'
import { lexiconFile } from '../load.ts'
import { type Files, lexicon } from '../testing/project.ts'
import { compareTrees } from './tree.ts'

const files = (tree: Files) =>
  Object.entries(tree).map(([path, doc]) => lexiconFile(path, JSON.stringify(doc)))

/** `<impact> <message>` of each change between two trees. */
const changes = (old: Files, now: Files): string[] =>
  compareTrees(files(old), files(now)).map(({ impact, message }) => `${impact} ${message}`)

const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more })
const json = (schema: object) => ({ encoding: 'application/json', schema })
const text = { type: 'string' }

/** The same schema where it is stored, where it is answered, and where it is only sent to a server. */
const places: [string, (schema: object) => Files][] = [
  [
    'record',
    (record) => lexicon('com.example.x', { main: { type: 'record', key: 'tid', record } }),
  ],
  [
    'output',
    (schema) => lexicon('com.example.x', { main: { type: 'query', output: json(schema) } }),
  ],
  [
    'input',
    (schema) => lexicon('com.example.x', { main: { type: 'procedure', input: json(schema) } }),
  ],
]

const permissions = (...entries: object[]): Files =>
  lexicon('com.example.x', {
    main: {
      type: 'permission-set',
      permissions: entries.map((entry) => ({ type: 'permission', ...entry })),
    },
  })

/** Old schema, new schema, and the impact in a record, in an output, in an input. */
const table: [string, object, object, string, string, string][] = [
  ['a new optional field', object({}), object({ a: text }), 'fine', 'fine', 'fine'],
  [
    'a new required field',
    object({}),
    object({ a: text }, { required: ['a'] }),
    'breaking',
    'breaking',
    'breaking',
  ],
  ['a removed field', object({ a: text }), object({}), 'breaking', 'breaking', 'breaking'],
  [
    'optional becomes required',
    object({ a: text }),
    object({ a: text }, { required: ['a'] }),
    'breaking',
    'breaking',
    'breaking',
  ],
  [
    'required becomes optional',
    object({ a: text }, { required: ['a'] }),
    object({ a: text }),
    'breaking',
    'breaking',
    'fine',
  ],
  [
    'null is allowed',
    object({ a: text }),
    object({ a: text }, { nullable: ['a'] }),
    'caution',
    'caution',
    'fine',
  ],
  [
    'null is no longer allowed',
    object({ a: text }, { nullable: ['a'] }),
    object({ a: text }),
    'breaking',
    'breaking',
    'breaking',
  ],
  ...property('another type', text, { type: 'integer' }, 'bbb'),
  ...property('a smaller maxLength', { ...text, maxLength: 9 }, { ...text, maxLength: 8 }, 'bbb'),
  ...property('a larger maxLength', { ...text, maxLength: 8 }, { ...text, maxLength: 9 }, 'ccf'),
  ...property('a new maxLength', text, { ...text, maxLength: 9 }, 'bbb'),
  ...property('no maxLength any more', { ...text, maxLength: 9 }, text, 'ccf'),
  ...property('fewer graphemes', { ...text, maxGraphemes: 9 }, { ...text, maxGraphemes: 8 }, 'bbb'),
  ...property('a larger minLength', { ...text, minLength: 1 }, { ...text, minLength: 2 }, 'bbb'),
  ...property('a smaller minLength', { ...text, minLength: 2 }, { ...text, minLength: 1 }, 'ccf'),
  ...property(
    'a smaller maximum',
    { type: 'integer', maximum: 9 },
    { type: 'integer', maximum: 8 },
    'bbb',
  ),
  ...property(
    'a larger minimum',
    { type: 'integer', minimum: 0 },
    { type: 'integer', minimum: 1 },
    'bbb',
  ),
  ...property('another format', { ...text, format: 'did' }, { ...text, format: 'cid' }, 'bbb'),
  ...property('a new format', text, { ...text, format: 'did' }, 'bbb'),
  ...property(
    'a wider format',
    { ...text, format: 'did' },
    { ...text, format: 'at-identifier' },
    'ccf',
  ),
  ...property('a shorter enum', { ...text, enum: ['a', 'b'] }, { ...text, enum: ['a'] }, 'bbb'),
  ...property('a longer enum', { ...text, enum: ['a'] }, { ...text, enum: ['a', 'b'] }, 'ccf'),
  ...property('a new enum', text, { ...text, enum: ['a'] }, 'bbb'),
  ...property('another const', { ...text, const: 'a' }, { ...text, const: 'b' }, 'bbb'),
  ...property('another default', { ...text, default: 'a' }, { ...text, default: 'b' }, 'ccc'),
  ...property(
    'fewer MIME types',
    { type: 'blob', accept: ['image/*'] },
    { type: 'blob', accept: ['image/png'] },
    'bbb',
  ),
  ...property(
    'more MIME types',
    { type: 'blob', accept: ['image/png'] },
    { type: 'blob', accept: ['image/*'] },
    'ccf',
  ),
  ...property(
    'a first list of MIME types',
    { type: 'blob' },
    { type: 'blob', accept: ['a/b'] },
    'bbb',
  ),
  ...property(
    'a smaller maxSize',
    { type: 'blob', maxSize: 9 },
    { type: 'blob', maxSize: 8 },
    'bbb',
  ),
  ...property(
    'a reference to something else',
    { type: 'ref', ref: 'com.example.a' },
    { type: 'ref', ref: 'com.example.b' },
    'bbb',
  ),
  ...property(
    'items of another type',
    { type: 'array', items: text },
    { type: 'array', items: { type: 'integer' } },
    'bbb',
  ),
  ...property(
    'shorter arrays',
    { type: 'array', items: text, maxLength: 9 },
    { type: 'array', items: text, maxLength: 8 },
    'bbb',
  ),
  ...property('an open union that grows', union(['#a']), union(['#a', '#b']), 'fff'),
  ...property('an open union that shrinks', union(['#a', '#b']), union(['#a']), 'ccc'),
  ...property('a closed union that grows', union(['#a'], true), union(['#a', '#b'], true), 'bbf'),
  ...property('a closed union that shrinks', union(['#a', '#b'], true), union(['#a'], true), 'bbb'),
  ...property('a union that is closed', union(['#a']), union(['#a'], true), 'bbb'),
  ...property('a union that is opened', union(['#a'], true), union(['#a']), 'ccf'),
]

function union(refs: string[], closed = false): object {
  return { type: 'union', refs, closed }
}

function property(name: string, old: object, now: object, impacts: string): typeof table {
  const words: Record<string, string> = { b: 'breaking', c: 'caution', f: 'fine' }
  const [record = '', output = '', input = ''] = [...impacts].map((letter) => words[letter] ?? '')
  return [[name, object({ a: old }), object({ a: now }), record, output, input]]
}

for (const [name, old, now, ...impacts] of table) {
  test.each(places.map(([place, make], index) => ({ place, make, impact: impacts[index] })))(
    `${name} in a $place is $impact`,
    ({ make, impact }) => {
      const found = changes(make(old), make(now))
      expect(found.map((line) => line.split(' ')[0])).toEqual([impact])
      expect(changes(make(old), make(old))).toEqual([])
    },
  )
}

const method = (main: object) => lexicon('com.example.x', { main })
const params = (properties: object, required: string[] = []) =>
  method({ type: 'query', parameters: { type: 'params', properties, required } })

test.each<[string, Files, Files, string[]]>([
  ['a new lexicon', {}, method({ type: 'query' }), ['fine new lexicon']],
  ['a removed lexicon', method({ type: 'query' }), {}, ['breaking lexicon removed']],
  [
    'a renamed lexicon',
    lexicon('com.example.a', { main: { type: 'token', description: 'x' } }),
    lexicon('com.example.b', { main: { type: 'token' } }),
    ['breaking lexicon renamed to com.example.b', 'fine new lexicon'],
  ],
  [
    'another kind of method',
    method({ type: 'query' }),
    method({ type: 'procedure' }),
    ['breaking type changed from query to procedure'],
  ],
  [
    'another record key',
    method({ type: 'record', key: 'tid', record: object({}) }),
    method({ type: 'record', key: 'any', record: object({}) }),
    ['breaking record key type changed from "tid" to "any"'],
  ],
  ['a new parameter', params({}), params({ a: text }), ['fine new optional parameter "a"']],
  [
    'a new required parameter',
    params({}),
    params({ a: text }, ['a']),
    ['breaking new parameter "a" is required'],
  ],
  [
    'a first, required parameter',
    method({ type: 'query' }),
    params({ a: text }, ['a']),
    ['breaking new parameter "a" is required'],
  ],
  ['a removed parameter', params({ a: text }), params({}), ['breaking parameter "a" removed']],
  [
    'a parameter that is no longer required',
    params({ a: text }, ['a']),
    params({ a: text }),
    ['fine parameter "a" is no longer required'],
  ],
  [
    'a removed error',
    method({ type: 'query', errors: [{ name: 'A' }] }),
    method({ type: 'query' }),
    ['breaking error A removed'],
  ],
  [
    'a new error',
    method({ type: 'query' }),
    method({ type: 'query', errors: [{ name: 'A' }] }),
    ['fine new error A'],
  ],
  [
    'another encoding',
    method({ type: 'query', output: { encoding: 'a/b' } }),
    method({ type: 'query', output: { encoding: 'c/d' } }),
    ['breaking encoding changed from "a/b" to "c/d"'],
  ],
  [
    'an input that takes any encoding',
    method({ type: 'procedure', input: { encoding: 'a/b' } }),
    method({ type: 'procedure', input: { encoding: '*/*' } }),
    ['fine encoding changed from "a/b" to "*/*"'],
  ],
  [
    'a first input',
    method({ type: 'procedure' }),
    method({ type: 'procedure', input: { encoding: 'a/b' } }),
    ['breaking input added'],
  ],
  [
    'a removed output',
    method({ type: 'query', output: { encoding: 'a/b' } }),
    method({ type: 'query' }),
    ['breaking output removed'],
  ],
  [
    'permissions that come and go',
    permissions({ resource: 'rpc', lxm: ['com.example.a'], aud: '*' }),
    permissions({ resource: 'rpc', lxm: ['com.example.b'], aud: '*' }),
    [
      'breaking permission removed: {"aud":"*","lxm":"com.example.a","resource":"rpc"}',
      'caution permission added: {"aud":"*","lxm":"com.example.b","resource":"rpc"}',
    ],
  ],
  [
    'a permission for one collection more',
    permissions({ resource: 'repo', collection: ['com.example.a'], action: ['create'] }),
    permissions({
      ...{ resource: 'repo', action: ['create'] },
      collection: ['com.example.b', 'com.example.a'],
    }),
    [
      'caution permission added: {"action":"create","collection":"com.example.b","resource":"repo"}',
    ],
  ],
  [
    'permissions in other words and another order',
    permissions(
      { resource: 'repo', collection: ['com.example.a', 'com.example.b'] },
      { resource: 'rpc', lxm: ['com.example.c'], aud: '*' },
    ),
    permissions(
      { aud: '*', lxm: ['com.example.c'], resource: 'rpc' },
      { action: ['delete', 'create', 'update'], collection: ['com.example.b'], resource: 'repo' },
      { collection: ['com.example.a'], resource: 'repo' },
    ),
    [],
  ],
  [
    'a new definition',
    lexicon('com.example.x', { a: object({}) }),
    lexicon('com.example.x', { a: object({}), b: text }),
    ['fine new definition "b"'],
  ],
  [
    'a removed definition',
    lexicon('com.example.x', { a: object({}), b: text }),
    lexicon('com.example.x', { a: object({}) }),
    ['breaking definition "b" removed'],
  ],
  [
    'a renamed definition',
    lexicon('com.example.x', { a: object({ n: text }) }),
    lexicon('com.example.x', { b: object({ n: text }) }),
    ['breaking definition "a" renamed to "b"', 'fine new definition "b"'],
  ],
  [
    'descriptions and known values',
    lexicon('com.example.x', { a: { ...text, description: 'old', knownValues: ['a'] } }),
    lexicon('com.example.x', { a: { ...text, description: 'new', knownValues: ['b'] } }),
    [],
  ],
  [
    'the same reference written differently',
    lexicon('com.example.x', { a: object({ n: { type: 'ref', ref: '#b' } }), b: object({}) }),
    lexicon('com.example.x', {
      a: object({ n: { type: 'ref', ref: 'com.example.x#b' } }),
      b: object({}),
    }),
    [],
  ],
])('%s', (_name, old, now, expected) => {
  expect(changes(old, now)).toEqual(expected)
})

/** A shared def, and a method that takes it or answers with it. */
const shared = (maxLength: number, part: 'input' | 'output') => ({
  ...lexicon('com.example.defs', { note: object({ a: { ...text, maxLength } }) }),
  ...method({ type: 'procedure', [part]: json({ type: 'ref', ref: 'com.example.defs#note' }) }),
})

test('a shared definition is judged by where it is used', () => {
  const message = 'maxLength changed from 8 to 9'
  expect(changes(shared(8, 'input'), shared(9, 'input'))).toEqual([`fine ${message}`])
  expect(changes(shared(8, 'output'), shared(9, 'output'))).toEqual([`caution ${message}`])
})

test('a shared definition that nobody uses is judged as if it were read', () => {
  const alone = (maxLength: number) =>
    lexicon('com.example.defs', { note: object({ a: { ...text, maxLength } }) })
  expect(changes(alone(8), alone(9))).toEqual(['caution maxLength changed from 8 to 9'])
})
