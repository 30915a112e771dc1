import { expect, test } from 'vitest'
import { formatDiagnostic } from '../diagnostics.ts'
import { generate } from '../generate.ts'
import { newHandler } from '../stub/new-handler.ts'
import { guestBook, lexicon, makeProject, read } from '../testing/project.ts'

const line = lexicon('com.example.book.line', {
  main: {
    type: 'record',
    key: 'tid',
    record: {
      type: 'object',
      properties: {
        text: { type: 'string' },
        number: { type: 'integer' },
        createdAt: { type: 'string', format: 'datetime' },
        tags: { type: 'array', items: { type: 'string' } },
        about: { type: 'union', refs: ['#entryRef', 'com.example.book.defs#tone'] },
      },
    },
  },
  entryRef: { type: 'object', properties: { uri: { type: 'string', format: 'at-uri' } } },
})

const PATH = 'src/collections/com/example/book/line.ts'
const IMPORT = `import { collection } from '#lex/com/example/book/line'\n`

/** What is said of the collection files of a guest book, and the project. */
async function complaints(files: Record<string, string>) {
  const root = makeProject({ ...guestBook, ...line, ...files })
  const { diagnostics } = await generate(root)
  return { root, said: diagnostics.map((diagnostic) => formatDiagnostic(diagnostic)) }
}

const said = async (code: string) =>
  (await complaints({ [PATH]: `${IMPORT}export default collection(${code})\n` })).said

test('a collection file gets into the tree, and its indexes into the types', async () => {
  const code = `${IMPORT}
const index = { 'byTime': ['createdAt'], byEntry: ['about.uri', '@rkey'] } as const
export default collection({ index, search: ['text'], afterWrite() {} })
`
  const { root, said } = await complaints({ [PATH]: code })
  expect(said).toEqual([])
  expect(read(root, 'src/generated/tree.ts')).toContain(
    `    'com.example.book.line': { load: () => import('../collections/com/example/book/line.ts') },`,
  )
  expect(read(root, 'src/generated/collections.ts')).toContain(
    `    'com.example.book.line': { index: { 'byTime': readonly ['createdAt']; 'byEntry': readonly ['about.uri', '@rkey'] } }`,
  )
})

test.each([
  [
    `{ index: { byTime: ['createdat'] } }`,
    /^src\/.*line\.ts:2:\d+ .*at "createdat" - did you mean "createdAt"\?$/,
  ],
  [`{ index: { byTag: ['tags'] } }`, /no text, number or boolean at "tags"/],
  [`{ index: { byAbout: ['about'] } }`, /at "about"/],
  [`{ index: { get: ['text'] } }`, /an index cannot be called `get`/],
  [`{ index: { none: [] } }`, /a list of places, written out/],
  [`{ index: { made: make() } }`, /a list of places, written out/],
  [`{ index: { ...others } }`, /a list of places, written out/],
  [`{ index: make() }`, /`index` should be written out/],
  [`{ search: ['number'] }`, /"number" is of type integer: only texts are searched/],
  [`{ search: ['@did'] }`, /at "@did"/],
  [`make()`, /should be written out, as an object/],
])('%s is reported at its place', async (code, message) => {
  expect(await said(code)).toEqual([expect.stringMatching(message)])
})

test.each<[string, string, RegExp]>([
  ['list.ts', IMPORT, /list" is a query; only records have a collection file/],
  ['defs.ts', IMPORT, /a lexicon of definitions, so it has no collection file/],
  ['lime.ts', IMPORT, /no lexicon defines it - did you mean "com\.example\.book\.line"\?/],
  ['line.js', IMPORT, /collection files end in \.ts/],
  [
    'entry.ts',
    `${IMPORT}export default collection({})`,
    /written for com\.example\.book\.line, but/,
  ],
  [
    'line.ts',
    'export default {}',
    /should be the result of `collection` from '#lex\/com\/example\/book\/line'/,
  ],
  ['line.ts', '', /has no `export default`/],
  ['line.ts', 'export default collection({', /line\.ts:1:/],
])('%s with %j is no collection file', async (name, code, message) => {
  const { said } = await complaints({ [`src/collections/com/example/book/${name}`]: code })
  expect(said[0]).toMatch(message)
})

test('codegen new starts a file, which is sound', async () => {
  const root = makeProject({ ...guestBook, ...line })
  const { created, generated } = await newHandler(root, 'com.example.book.line')
  expect(created).toEqual([PATH])
  expect(generated.diagnostics).toEqual([])
  expect(read(root, PATH)).toContain(`index: { byTime: ['createdAt'] },`)
  await expect(newHandler(root, 'com.example.book.line')).rejects.toThrow(/exists already/)
})
