/** Names that other generators break on: refused with their place, or as good as any. */
import { expect, test } from 'vitest'
import { formatDiagnostic } from '../diagnostics.ts'
import { lexiconFile } from '../load.ts'
import { type Files, lexicon } from '../testing/project.ts'
import { checkLexicons } from './check.ts'

async function complaints(files: Files): Promise<string[]> {
  const tree = Object.entries(files).map(([path, doc]) =>
    lexiconFile(path, JSON.stringify(doc, null, 2)),
  )
  const { diagnostics } = await checkLexicons(tree)
  return diagnostics.map(formatDiagnostic)
}

const ID = 'com.example.names'
const text = { type: 'string' }
const token = { type: 'token' }
const object = (...names: string[]) => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, text])),
})
const defs = (all: object) => lexicon(ID, all)
const query = (more: object) => defs({ main: { type: 'query', ...more } })
const record = (name: string) => ({
  main: { type: 'record', key: 'tid', record: object('a') },
  [name]: object('a'),
})

test.each<[string, Files, string]>([
  ['@id', defs({ main: object('@id') }), ':8:16 "@id" is no name for a field'],
  ['a.b', defs({ main: object('a.b') }), ':8:16 "a.b" is no name for a field'],
  ['1st', defs({ '1st': token }), ':5:12 "1st" is no name for a definition'],
  ['$Typed', defs({ $Typed: token }), ':5:15 "$Typed" is no name for a definition'],
  ["it's", query({ errors: [{ name: "it's" }] }), ':9:19 "it\'s" is no name for an error'],
  ['Main', defs({ main: object('a'), Main: object('a') }), '"Main" has the name "Main"'],
  ['a-b', defs({ 'a-b': token, a_b: token }), '"a_b" has the name "A_B"'],
  [
    'inputSchema',
    defs({ main: { type: 'query' }, inputSchema: object('a') }),
    'a part of the method',
  ],
  [
    'capitals',
    {
      ...lexicon('com.example.getall', { main: token }),
      ...lexicon('com.example.getAll', { main: token }),
    },
    'lexicons/com/example/getAll.json:3:9 "com.example.getAll" differs from "com.example.getall" in capitals only',
  ],
])('%s is refused, with its place', async (_, files, said) => {
  const found = await complaints(files)
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(/^lexicons\/com\/example\/\w+\.json:\d+:\d+ /)
  expect(found[0]).toContain(said)
})

test.each<[string, Files]>([
  ['a field cid-link', defs({ main: object('cid-link') })],
  ['a parameter a-b', query({ parameters: { type: 'params', properties: { 'a-b': text } } })],
  ['the end of a comment', defs({ main: { ...object('a'), description: '*/ 1 /*' } })],
  ['no values at all', defs({ main: { ...text, enum: [] } })],
  ['an NSID that ends in constructor', lexicon('com.example.constructor', { main: token })],
  ['fields that every object has', defs({ main: object('constructor', 'toString', 'valueOf') })],
  [
    'a closed union of nothing',
    defs({ main: { type: 'array', items: { type: 'union', refs: [], closed: true } } }),
  ],
  [
    'a reference to a token',
    defs({ a: { type: 'array', items: { type: 'ref', ref: '#b' } }, b: token }),
  ],
  ...['record', 'BlobRef', 'CID', 'ValidationResult', 'OmitKey', 'v', 'V'].map(
    (name): [string, Files] => [`a definition ${name}`, defs(record(name))],
  ),
  [
    'two NSIDs of one name without dots',
    {
      ...lexicon('com.example.a.b', { main: token }),
      ...lexicon('com.example.aB', { main: token }),
    },
  ],
])('%s is fine', async (_, files) => {
  expect(await complaints(files)).toEqual([])
})
