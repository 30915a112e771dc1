import { expect, test } from 'vitest'
import { formatDiagnostic } from '../diagnostics.ts'
import { lexiconFile } from '../load.ts'
import { type Files, guestBook, lexicon } from '../testing/project.ts'
import { checkLexicons } from './check.ts'

/** The diagnostics for a tree, as they are printed. */
async function complaints(files: Files): Promise<string[]> {
  const tree = Object.entries(files).map(([path, content]) =>
    lexiconFile(path, typeof content === 'string' ? content : JSON.stringify(content, null, 2)),
  )
  const { diagnostics, lexicons } = await checkLexicons(tree)
  const errors = diagnostics.some(({ severity }) => severity === 'error')
  expect(lexicons === undefined).toBe(errors)
  return diagnostics.map(formatDiagnostic)
}

const object = (properties: object, more: object = {}) =>
  lexicon('com.example.greet', { main: { type: 'object', properties, ...more } })

const GREET = 'lexicons/com/example/greet.json'

test('a sound tree has no complaints', async () => {
  expect(await complaints(guestBook)).toEqual([])
})

test('an empty tree says how to get one', async () => {
  expect(await complaints({})).toEqual([
    'lexicons/ holds no lexicons; `npm run lexicons:import` brings the official ones',
  ])
})

test('an unknown type is placed to the column, with a suggestion', async () => {
  const text = `{
  "lexicon": 1,
  "id": "com.example.greet",
  "defs": {
    "main": {
      "type": "object",
      "properties": { "name": { "type": "strng" } }
    }
  }
}`
  expect(await complaints({ [GREET]: text })).toEqual([
    `${GREET}:7:41 unknown type "strng" - did you mean "string"?`,
  ])
})

test.each<[string, string, string]>([
  [
    'a missing comma',
    '{\n  "lexicon": 1\n  "id": "x" }',
    '3:3 invalid JSON: a comma is missing here',
  ],
  ['a comment', '{ // hello\n}', '1:3 invalid JSON: comments are not allowed'],
  ['an unfinished file', '{ "lexicon": 1,', '1:16 invalid JSON: a property name'],
  ['nothing at all', '', '1:1 invalid JSON'],
])('invalid JSON is placed: %s', async (_name, text, expected) => {
  const [first, ...others] = await complaints({ [GREET]: text })
  expect(first).toContain(`${GREET}:${expected}`)
  expect(others).toEqual([])
})

test('JSON that is no lexicon is told so', async () => {
  expect(await complaints({ [GREET]: '[]' })).toEqual([
    `${GREET}:1:1 not a lexicon: an object with "lexicon": 1, "id" and "defs" belongs here`,
  ])
})

test('a key that occurs twice is found, since JSON.parse would drop the first', async () => {
  const text = '{ "lexicon": 1, "id": "com.example.greet",\n "defs": {}, "defs": {} }'
  expect(await complaints({ [GREET]: text })).toEqual([`${GREET}:2:14 "defs" occurs twice here`])
})

test.each<[string, Files, string[]]>([
  [
    'a type that is not allowed at its place',
    object({ name: { type: 'record' } }),
    [':9:19 type "record" is not allowed here, only boolean,'],
  ],
  ['a missing type', object({ name: {} }), [':8:17 "type" is missing: one of boolean,']],
  [
    'an unknown string format',
    object({ who: { type: 'string', format: 'at-idntifier' } }),
    [':10:21 unknown string format "at-idntifier" - did you mean "at-identifier"?'],
  ],
  [
    'a required property that does not exist',
    object({ name: { type: 'string' } }, { required: ['nmae'] }),
    [':13:9 required property "nmae" is not among the properties - did you mean "name"?'],
  ],
  [
    'a record that is not the main definition',
    lexicon('com.example.greet', {
      other: { type: 'record', record: { type: 'object', properties: {} } },
    }),
    [':6:15 a record has to be the "main" definition, this one is called "other"'],
  ],
  [
    'a kind of record key that no host knows',
    lexicon('com.example.greet', {
      main: { type: 'record', key: 'tdi', record: { type: 'object', properties: {} } },
    }),
    [
      ':7:14 warning: unknown kind of record key "tdi", so that no record can be written - did you mean "tid"?',
    ],
  ],
  [
    'a query with an input',
    lexicon('com.example.greet', { main: { type: 'query', input: { encoding: '*/*' } } }),
    [':7:16 a query has no input; only a procedure does'],
  ],
  [
    'a field that is nearly one',
    object({ name: { type: 'string', maxlength: 3 } }),
    [':10:24 warning: unknown field "maxlength" has no effect - did you mean "maxLength"?'],
  ],
  [
    'a property that says itself what its object has to say',
    object({ name: { type: 'string', nullable: true } }),
    [':10:23 warning: "nullable" has no effect here: it is a list of names beside "properties"'],
  ],
  [
    'what only the official parser knows',
    object({ name: { type: 'string', maxLength: 'ten' } }),
    [':10:24 expected number, received string'],
  ],
  [
    'what the official parser objects to inside a body',
    lexicon('com.example.greet', {
      main: {
        type: 'query',
        output: {
          encoding: 'application/json',
          schema: { type: 'object', properties: { n: { type: 'integer', maximum: 1.5 } } },
        },
      },
    }),
    [':14:26 expected integer, received float'],
  ],
])('%s', async (_name, files, expected) => {
  const found = await complaints(files)
  expect(found).toHaveLength(expected.length)
  for (const [index, text] of expected.entries()) expect(found[index]).toContain(GREET + text)
})

test('all complaints are collected, in one file and across files', async () => {
  const found = await complaints({
    ...object({ a: { type: 'strng' }, b: { type: 'string', format: 'urk' } }),
    ...lexicon('com.example.other', { main: { type: 'objct' } }),
    'lexicons/com/example/broken.json': '{',
  })
  expect(found).toHaveLength(4)
})

test('an id that contradicts its path says where it belongs', async () => {
  const files = { 'lexicons/com/example/hello.json': Object.values(object({}))[0] ?? '' }
  expect(await complaints(files)).toEqual([
    `lexicons/com/example/hello.json:3:9 the id "com.example.greet" contradicts the path, which says "com.example.hello"; the place for this id is ${GREET}`,
  ])
})

test('a duplicate id names the file that has it', async () => {
  const files = {
    ...object({}),
    'lexicons/com/example/copy.json': Object.values(object({}))[0] ?? '',
  }
  expect(await complaints(files)).toEqual([
    `lexicons/com/example/copy.json:3:9 duplicate id "com.example.greet": ${GREET} has it, and this path says "com.example.copy"`,
  ])
})

test('two misplaced files with one id are a duplicate too', async () => {
  const doc = Object.values(object({}))[0] ?? ''
  const found = await complaints({ 'lexicons/a.json': doc, 'lexicons/b.json': doc })
  expect(found).toHaveLength(2)
  expect(found[1]).toContain('duplicate id "com.example.greet": lexicons/a.json has it')
})

test.each(['com.example', 'com.exa_mple.greet', 'com.example.9greet', 'greet'])(
  'an invalid NSID is refused: %s',
  async (id) => {
    const found = await complaints(lexicon(id, { main: { type: 'token' } }))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(`:3:9 "${id}" is not an NSID: `)
  },
)

test.each<[string, string, string]>([
  [
    'com.example.book.def#tone',
    'a lexicon that does not exist',
    'reference to missing lexicon "com.example.book.def" - did you mean "com.example.book.defs#tone"?',
  ],
  [
    'com.example.book.defs#tune',
    'a def that does not exist',
    'reference to missing definition "#tune" in com.example.book.defs - did you mean "com.example.book.defs#tone"?',
  ],
  [
    '#mian',
    'a def of this lexicon that does not exist',
    'reference to missing definition "#mian" in this lexicon - did you mean "#main"?',
  ],
  [
    'com.example.book.list',
    'a method',
    'a query cannot be referred to, and "com.example.book.list" is one',
  ],
])('a reference to %s (%s) is refused', async (ref, _name, message) => {
  const found = await complaints({ ...guestBook, ...object({ tone: { type: 'ref', ref } }) })
  expect(found).toEqual([`${GREET}:10:18 ${message}`])
})

test('references in unions are looked at too', async () => {
  const union = { type: 'union', refs: ['com.example.book.entry', 'com.example.nothing.here'] }
  const found = await complaints({ ...guestBook, ...object({ what: union }) })
  expect(found).toEqual([`${GREET}:12:13 reference to missing lexicon "com.example.nothing.here"`])
})

test('a reference into a file that is not JSON is not held against the one who refers', async () => {
  const found = await complaints({
    ...object({ a: { type: 'ref', ref: 'com.example.broken' } }),
    'lexicons/com/example/broken.json': '{',
  })
  expect(found).toHaveLength(1)
  expect(found[0]).toContain('broken.json')
})

test('lexicons that passed before are only asked about their references', async () => {
  const broken = lexiconFile(GREET, JSON.stringify(Object.values(object({ a: { type: 'x' } }))[0]))
  const known = await checkLexicons([broken], () => true)
  expect(known.diagnostics).toEqual([])
})
