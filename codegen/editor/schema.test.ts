/** The schema as an editor uses it: the JSON support of VS Code, which others have, too. */
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { getLanguageService, type LanguageService, TextDocument } from 'vscode-json-languageservice'
import { checkLexicons } from '../check/check.ts'
import { isObject } from '../check/shape.ts'
import { lexiconText } from '../lexicon-text.ts'
import { lexiconFile, loadLexicons } from '../load.ts'
import { type Files, guestBook, lexicon, read } from '../testing/project.ts'
import { faulty } from '../testing/wild/faulty.ts'
import { methods } from '../testing/wild/methods.ts'
import { records } from '../testing/wild/records.ts'
import { writing } from '../testing/wild/writing.ts'
import { lexiconSchema } from './schema.ts'

const ROOT = join(import.meta.dirname, '../..')
const ID = 'com.example.greet'

let service: LanguageService

beforeAll(() => {
  service = getLanguageService({})
  const schemas = [{ uri: 'file:///lexicon', fileMatch: ['*.json'], schema: lexiconSchema() }]
  service.configure({ validate: true, schemas })
})

const open = (text: string) => {
  const document = TextDocument.create('file:///a.json', 'json', 1, text)
  return { document, json: service.parseJSONDocument(document) }
}

/** What is underlined, as `line: message`. */
async function squiggles(text: string): Promise<string[]> {
  const { document, json } = open(text)
  const found = await service.doValidation(document, json, { schemaValidation: 'error' })
  return found.map(({ range, message }) => `${range.start.line + 1}: ${message}`)
}

/** What is offered at the `|`. */
async function completions(text: string): Promise<string[]> {
  const at = text.indexOf('|')
  const { document, json } = open(text.replace('|', ''))
  const offered = await service.doComplete(document, document.positionAt(at), json)
  return (offered?.items ?? []).map(({ label }) => label).sort()
}

const textsOf = (files: Files): string[] =>
  Object.values(files).map((file) => (typeof file === 'string' ? file : lexiconText(file)))

test('the file in the repository is the schema', () => {
  expect(read(ROOT, 'lexicon.schema.json')).toBe(`${lexiconText(lexiconSchema())}\n`)
})

test('all published lexicons, and those of the samples, have nothing underlined', async () => {
  const samples = [guestBook, faulty, methods, records, writing].flatMap(textsOf)
  for (const text of [...loadLexicons(ROOT).map((file) => file.text), ...samples]) {
    const found = await squiggles(text)
    // Legal, and without any effect.
    const odd = text.includes('"additionalProperties"')
    expect(found, text).toEqual(odd ? ['42: Property additionalProperties is not allowed.'] : [])
  }
})

const main = (def: object): Files => lexicon(ID, { main: def })
const property = (schema: object): Files => main({ type: 'object', properties: { a: schema } })
const permission = (more: object): Files =>
  main({ type: 'permission-set', title: 'x', permissions: [{ type: 'permission', ...more }] })
const entry = { resource: 'repo', collection: ['com.example.entry'] }
const list = { resource: 'rpc', lxm: ['com.example.list'], aud: '*' }

test.each<[string, Files, number]>([
  ['an unknown type', property({ type: 'strng' }), 9],
  ['a type that is not allowed at its place', property({ type: 'record' }), 9],
  ['a missing type', property({}), 8],
  ['an unknown string format', property({ type: 'string', format: 'at-idntifier' }), 10],
  ['a field that is nearly one', property({ type: 'string', maxlength: 3 }), 10],
  ['a flag that does nothing', property({ type: 'string', nullable: true }), 10],
  ['a limit that is no number', property({ type: 'string', maxLength: 'ten' }), 10],
  ['a fraction', property({ type: 'integer', maximum: 1.5 }), 10],
  ['a list without items', property({ type: 'array' }), 8],
  ['a list in a list', property({ type: 'array', items: { type: 'array', items: {} } }), 11],
  ['a reference that is none', property({ type: 'ref', ref: 'a b' }), 10],
  ['a name that is none', main({ type: 'object', properties: { 'a.b': { type: 'token' } } }), 8],
  [
    'an object as a parameter',
    main({
      type: 'query',
      parameters: { type: 'params', properties: { a: { type: 'object', properties: {} } } },
    }),
    11,
  ],
  ['a query with an input', main({ type: 'query', input: { encoding: '*/*' } }), 7],
  ['a body without encoding', main({ type: 'query', output: {} }), 7],
  ['an encoding that is none', main({ type: 'query', output: { encoding: 'json' } }), 8],
  ['an error that is no name', main({ type: 'query', errors: [{ name: "it's" }] }), 9],
  [
    'a kind of key that is none',
    main({ type: 'record', key: 'uuid', record: { type: 'object', properties: {} } }),
    7,
  ],
  [
    'a record that is not the main definition',
    lexicon(ID, { other: { type: 'record', record: { type: 'object', properties: {} } } }),
    6,
  ],
  ['a name of a definition that is none', lexicon(ID, { '1st': { type: 'token' } }), 5],
  ['an NSID that is none', lexicon('com.exa_mple.greet', { main: { type: 'token' } }), 3],
  ['a resource that is none', permission({ ...entry, resource: 'banana' }), 11],
  ['a resource that sets have not', permission({ resource: 'blob', accept: ['image/*'] }), 11],
  ['a collection that is no NSID', permission({ ...entry, collection: ['entry'] }), 13],
  ['all collections', permission({ ...entry, collection: ['*'] }), 13],
  ['no collections', permission({ ...entry, collection: [] }), 12],
  ['a method that is no list', permission({ ...list, lxm: 'com.example.list' }), 12],
  ['an action that is none', permission({ ...entry, action: ['creat'] }), 16],
  ['an audience of its own', permission({ ...list, aud: 'did:web:a.example#x' }), 15],
  ['no audience', permission({ ...list, aud: undefined }), 9],
])('what codegen complains of is underlined: %s', async (_, files, line) => {
  const [[path, doc] = ['', {}]] = Object.entries(files)
  const text = JSON.stringify(doc, null, 2)
  const { diagnostics } = await checkLexicons([lexiconFile(path, text)])
  expect(diagnostics).not.toEqual([])
  expect((await squiggles(text)).map((found) => Number.parseInt(found, 10))).toContain(line)
})

/** What only who knows the whole tree, or another place, can tell. */
const BEYOND =
  /reference to missing|is not among the properties|cannot be referred|contradicts|has the name|is not in lexicons|"title" is missing/

/** Every place in a document. */
function placesIn(value: unknown, at: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [at]
  return [at, ...Object.entries(value).flatMap(([key, part]) => placesIn(part, [...at, key]))]
}

test('whatever is put into a lexicon, codegen finds no fault with its form that is not underlined', async () => {
  const docs = Object.values({ ...guestBook, ...methods, ...records }).filter(isObject)
  const strange = fc.constantFrom<unknown>(
    ...['strng', 'string', 'object', 'record', 'params', '', '#', 'a b', 'tid', '*/*'],
    ...[null, true, -1, 1.5, [], [1], {}, { type: 'integer' }, { type: 'union', refs: [] }],
  )
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.nat(),
      fc.option(strange, { nil: undefined }),
      async (which, where, value) => {
        const doc: Record<string, unknown> = structuredClone(docs[which % docs.length] ?? {})
        const places = placesIn(doc.defs, ['defs']).filter((at) => at.length > 1)
        const at = places[where % places.length] ?? []
        // biome-ignore lint/suspicious/noExplicitAny: any place of any JSON
        const parent: any = at.slice(0, -1).reduce((part: any, key) => part[key], doc)
        const key = at.at(-1) ?? ''
        if (Array.isArray(parent))
          parent.splice(Number(key), 1, ...(value === undefined ? [] : [value]))
        else if (value === undefined) delete parent[key]
        else parent[key] = value
        const text = JSON.stringify(doc, null, 2)
        const path = `lexicons/${String(doc.id).replaceAll('.', '/')}.json`
        const { diagnostics } = await checkLexicons([lexiconFile(path, text)])
        const faults = diagnostics.filter(({ message }) => !BEYOND.test(message))
        if (faults.length > 0) expect(await squiggles(text), JSON.stringify(faults)).not.toEqual([])
      },
    ),
    { numRuns: 300 },
  )
})

test('an editor offers what may stand at a place, and no more', async () => {
  const within = (text: string) =>
    `{ "lexicon": 1, "id": "${ID}", "defs": { "main": { "type": "object", "properties": { "a": { ${text} } } } } }`
  expect(await completions(within('"type": "|"'))).toContain('"cid-link"')
  expect(await completions(within('"type": "|"'))).not.toContain('"record"')
  expect(await completions(within('"type": "blob", "|"'))).toEqual([
    'accept',
    'description',
    'maxSize',
  ])
  expect(await completions(within('"type": "string", "format": "|"'))).toContain('"at-uri"')
  const set = `{ "lexicon": 1, "id": "${ID}", "defs": { "main": { "type": "permission-set", "permissions": [{ "type": "permission", "resource": "rpc", "|" }] } } }`
  expect(await completions(set)).toEqual(['aud', 'description', 'inheritAud', 'lxm'])
})

test('an editor says what a field means', async () => {
  const { document, json } = open(textsOf(guestBook)[0] ?? '')
  const at = document.positionAt(document.getText().indexOf('"maxLength"') + 3)
  const hover = await service.doHover(document, at, json)
  expect(JSON.stringify(hover?.contents)).toMatch(/Bytes of UTF.*8 at most/)
})
