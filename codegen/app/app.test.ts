import { expect, test } from 'vitest'
import { formatDiagnostic } from '../diagnostics.ts'
import { generate } from '../generate.ts'
import { guestBook, makeProject, put, read } from '../testing/project.ts'

const FIRST = 'src/app/account/0001-drafts.sql'
const DRAFT =
  'CREATE TABLE draft (id INTEGER PRIMARY KEY, text TEXT NOT NULL, at REAL, file BLOB) STRICT;\n'
const RECORD = 'src/app/migrations.lock.json'

/** What is said of a guest book with these files, and the project. */
async function project(files: Record<string, string>, check = false) {
  const root = makeProject({ ...guestBook, ...files })
  return { root, ...(await again(root, check)) }
}

async function again(root: string, check = false) {
  const { diagnostics, changes } = await generate(root, { check })
  return { said: diagnostics.map((one) => formatDiagnostic(one)), changes }
}

test('migrations get into the tree, with the types of the rows that they leave', async () => {
  const { root, said } = await project({
    [FIRST]: DRAFT,
    'src/app/account/0002-titles.sql': "ALTER TABLE draft ADD COLUMN title TEXT; -- it's new\n",
    'src/app/host/0001-counts.sql':
      'CREATE TABLE "of `all`" (k TEXT PRIMARY KEY, n INT NOT NULL) STRICT',
  })
  expect(said).toEqual([])
  const code = read(root, 'src/generated/app.ts')
  expect(code).toContain(
    `'draft': { 'id': number; 'text': string; 'at': number | null; 'file': ArrayBuffer | null; 'title': string | null }`,
  )
  expect(code).toContain("'of `all`': { 'k': string; 'n': number }")
  expect(read(root, 'src/generated/tree.ts')).toContain("import { app } from './app.ts'")
  expect(Object.keys(JSON.parse(read(root, RECORD)))).toEqual([
    'account/0001-drafts',
    'account/0002-titles',
    'host/0001-counts',
  ])
  expect((await again(root, true)).changes).toEqual([])
})

test('a project without tables has no file of them', async () => {
  const { root, changes } = await project({})
  expect(changes.map(({ path }) => path)).not.toContain('src/generated/app.ts')
  expect(() => read(root, RECORD)).toThrow()
})

test('what was recorded may neither change nor go, nor be preceded by something new', async () => {
  const { root } = await project({
    [FIRST]: DRAFT,
    'src/app/account/0003-x.sql': 'DROP TABLE draft',
  })
  put(root, { [FIRST]: DRAFT.replace('text', 'body') })
  expect((await again(root)).said.join()).toMatch(
    /0001-drafts\.sql .*was changed after it was recorded/,
  )
  put(root, { [FIRST]: DRAFT.replaceAll('\n', '\r\n') })
  expect((await again(root)).said).toEqual([])
  put(root, { 'src/app/account/0002-late.sql': 'DELETE FROM draft' })
  expect((await again(root)).said.join()).toMatch(/0002-late.sql .*comes before 0003-x/)
})

test('what is new is not yet recorded when only compared', async () => {
  const { changes, root } = await project({ [FIRST]: DRAFT }, true)
  expect(changes.map(({ path }) => path)).toContain(RECORD)
  expect(() => read(root, RECORD)).toThrow()
})

test.each([
  ['CREATE TABLE t (a TEXT)', /t is not STRICT/],
  ['CREATE TABLE t (a TEXT, b TEXT AS (a)) STRICT', /t\.b is a generated column/],
  ['CREATE VIRTUAL TABLE t USING fts5(a)', /virtual table/],
  [
    `${DRAFT} CREATE TRIGGER x AFTER INSERT ON draft BEGIN DELETE FROM draft; END`,
    /END is no statement|is a trigger/,
  ],
  ['CREATE TABLE schema_version (a TEXT) STRICT', /the host's own/],
  ['ATTACH ":memory:" AS other', /ATTACH is no statement of a migration/],
  ['BEGIN; COMMIT', /BEGIN is no statement/],
  ['CREATE TABLE t (a TEXT STRICT', /0001-x\.sql .*(incomplete|syntax)/],
  ['-- nothing', /has no statement/],
])('%s is refused', async (sql, expected) => {
  const { said, root } = await project({ 'src/app/host/0001-x.sql': sql })
  expect(said.join()).toMatch(expected)
  expect(() => read(root, RECORD)).toThrow()
})

test('files that would never be applied are reported', async () => {
  const { said } = await project({
    'src/app/schema.sql': DRAFT,
    'src/app/account/1.sql': DRAFT,
    'src/app/host/0001-a.sql': DRAFT,
    'src/app/host/0001-b.sql': 'DROP TABLE draft',
  })
  expect(said).toHaveLength(3)
  expect(said.join()).toMatch(/schema\.sql .*migrations are/)
  expect(said.join()).toMatch(/0001-b.sql .*has the number of 0001-a/)
})

test('jobs get into the tree by the names of their files', async () => {
  const job = "import { job } from 'cumulus'\nexport default job({ every: '1 day', run() {} })\n"
  const { root, said } = await project({
    'src/jobs/tidy-up.ts': job,
    'src/jobs/tidy-up.test.ts': '',
    'src/jobs/lib/Helper.ts': '',
  })
  expect(said).toHaveLength(1)
  expect(said.join()).toMatch(/lib\/Helper\.ts .*a job is src\/jobs\//)
  expect(read(root, 'src/generated/tree.ts')).toContain(
    "  jobs: {\n    'tidy-up': { load: () => import('../jobs/tidy-up.ts') },\n  },",
  )
})
