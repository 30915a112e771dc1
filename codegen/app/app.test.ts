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
  ['CREATE TABLE t (a TEXT STRICT', /0001-x\.sql:1:1 .*(incomplete|syntax)/],
  ['-- nothing', /has no statement/],
])('%s is refused', async (sql, expected) => {
  const { said, root } = await project({ 'src/app/host/0001-x.sql': sql })
  expect(said.join()).toMatch(expected)
  expect(() => read(root, RECORD)).toThrow()
})

test('what is wrong with a migration has the place of its statement', async () => {
  const start = `-- drafts; and "more"\n${DRAFT}\n`
  const places = {
    'UPDATE draft\n  SET nope = 1;': '5:1 no such column: nope',
    '/* x; */ INSERT INTO nowhere VALUES (1);': '5:10 no such table: nowhere',
    'CREATE TABLE t (a TEXTT) STRICT; DELETE FROM draft': '5:1 unknown datatype for t.a',
    'DELETE FROM draft; PRAGMA user_version = 1': '5:20 PRAGMA is no statement',
    'CREATE TABLE t (a TEXT);\nDELETE FROM draft': '5:1 t is not STRICT',
  }
  for (const [sql, place] of Object.entries(places)) {
    const { said } = await project({ 'src/app/host/0001-x.sql': `${start}\n${sql}` })
    expect(said.join()).toContain(`src/app/host/0001-x.sql:${place}`)
  }
  const { said } = await project({
    'src/app/host/0001-x.sql':
      'CREATE TABLE old (a TEXT);\nCREATE TABLE new (a TEXT) STRICT;\nDROP TABLE old;\n',
  })
  expect(said).toEqual([])
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
  })
  expect(said).toEqual([])
  expect(read(root, 'src/generated/tree.ts')).toContain(
    "  jobs: {\n    'tidy-up': { load: () => import('../jobs/tidy-up.ts') },\n  },",
  )
})

test('a schedule at which nothing would ever run is refused, with its place', async () => {
  const { said } = await project({
    'src/jobs/a.ts':
      "import { job } from 'cumulus'\nexport default job({\n  cron: '0 99 * * *',\n  run() {},\n})\n",
    'src/jobs/b.ts':
      "import { job } from 'cumulus'\nconst at = '0 0 30 2 *'\nexport default job({ cron: at, run() {} })\n",
    'src/jobs/c.ts':
      "import { job } from 'cumulus'\nexport default job({ every: '5 weeks', run() {} })\n",
    'src/jobs/d.ts':
      "import { job } from 'cumulus'\nexport default job({ cron: '*/5 9-17 * * MON-FRI', run() {} })\n",
    'src/jobs/e.ts':
      "import { job } from 'cumulus'\nimport { at } from '../at.ts'\nexport default job({ cron: at, run() {} })\n",
    'src/jobs/f.ts': 'export default job({\n',
    'src/jobs/lib/Helper.ts': '',
  })
  expect(said).toEqual([
    expect.stringMatching(/^src\/jobs\/a\.ts:3:3 there is no such time: "0 99 \* \* \*": .*hour/i),
    expect.stringMatching(
      /^src\/jobs\/b\.ts:3:22 there is no such time: "0 0 30 2 \*" never comes$/,
    ),
    expect.stringMatching(
      /^src\/jobs\/c\.ts:2:22 there is no such time: "5 weeks" is none of: 15 minutes/,
    ),
    expect.stringMatching(/^src\/jobs\/f\.ts:2:1 /),
    expect.stringMatching(/^src\/jobs\/lib\/Helper\.ts a job is src\/jobs\//),
  ])
})
