import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { generate } from '../generate.ts'
import { type Files, guestBook, lexicon, makeProject, put, read } from '../testing/project.ts'
import { JOURNAL } from './carry-out.ts'
import { rename } from './rename.ts'

const git = (root: string, ...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
    cwd: root,
    encoding: 'utf8',
    stdio: 'pipe',
  })

const auth = lexicon('com.example.book.auth', {
  main: {
    type: 'permission-set',
    title: 'Guest books',
    permissions: [
      { type: 'permission', resource: 'repo', collection: ['com.example.book.entry'] },
      { type: 'permission', resource: 'rpc', lxm: ['com.example.book.list'], aud: '*' },
    ],
  },
})

/** A project with code, tests and a page. */
const project: Files = {
  ...guestBook,
  ...auth,
  'src/handlers/com/example/book/list.ts': `import { define } from '#lex/com/example/book/list'
import type { Tone } from '#types/com/example/book/defs'
import { mayCall, session } from 'cumulus'
import { pages } from '../../../../pages.ts'

/** Reads com.example.book.entry. Not com.example.book.entries, nor org.com.example.book.entry. */
export default define({
  auth: session,
  oauth: mayCall('com.example.book.list'),
  handler: () => ({ pages: pages satisfies Tone[] }),
})
`,
  'src/handlers/com/example/book/list.test.ts': `import { expect, test } from 'vitest'
import method from './list.ts'

test('com.example.book.list lists', () => expect(method).toBeDefined())
`,
  'src/collections/com/example/book/entry.ts': `import { collection } from '#lex/com/example/book/entry'

export default collection({ index: { byText: ['text'] } })
`,
  'src/pages.ts': `import list from './handlers/com/example/book/list.ts'

export const pages = [list, 'at://x/com.example.book.entry/1', '/xrpc/com.example.book.list?x=1', '.']
export const elsewhere = 'https://a.com/example/book/list and com/example/book/lists'
`,
  'README.md': 'See lexicons/com/example/book/list.json, or com.example.book.list.\n',
  'CHANGELOG.md': 'com.example.book.list is new\n',
  '.gitignore': 'node_modules\n',
}

async function committed(files: Files = project, isGenerated = false): Promise<string> {
  const root = makeProject(files)
  if (isGenerated) await generate(root)
  git(root, 'init', '--quiet')
  git(root, 'add', '.')
  git(root, 'commit', '--quiet', '-m', 'x')
  return root
}

/** All files but git's own, and what the generator made. */
function filesIn(root: string): string[] {
  const all = readdirSync(root, { recursive: true, withFileTypes: true })
  return all
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((path) => !/^(\.git\/|src\/generated|node_modules)/.test(path))
    .sort()
}

test('a method is renamed with its handler, test, references and imports', async () => {
  const root = await committed(project, true)
  const { files, breaks, generated } = await rename(
    root,
    'com.example.book.list',
    'com.example.book.pages.getPages',
  )
  expect(breaks).toEqual([])
  expect(generated?.diagnostics).toEqual([])
  expect(files).toContainEqual({
    path: 'lexicons/com/example/book/list.json',
    to: 'lexicons/com/example/book/pages/getPages.json',
    count: 1,
  })
  const handler = read(root, 'src/handlers/com/example/book/pages/getPages.ts')
  expect(handler).toContain("import { define } from '#lex/com/example/book/pages/getPages'")
  expect(handler).toContain("import { pages } from '../../../../../pages.ts'")
  expect(handler).toContain("mayCall('com.example.book.pages.getPages')")
  expect(read(root, 'src/handlers/com/example/book/pages/getPages.test.ts')).toBe(
    `import { expect, test } from 'vitest'
import method from './getPages.ts'

test('com.example.book.pages.getPages lists', () => expect(method).toBeDefined())
`,
  )
  expect(read(root, 'src/pages.ts')).toBe(
    `import list from './handlers/com/example/book/pages/getPages.ts'

export const pages = [list, 'at://x/com.example.book.entry/1', '/xrpc/com.example.book.pages.getPages?x=1', '.']
export const elsewhere = 'https://a.com/example/book/list and com/example/book/lists'
`,
  )
  expect(read(root, 'lexicons/com/example/book/auth.json')).toContain(
    '"com.example.book.pages.getPages"',
  )
  expect(read(root, 'README.md')).toBe(
    'See lexicons/com/example/book/pages/getPages.json, or com.example.book.pages.getPages.\n',
  )
  expect(read(root, 'CHANGELOG.md')).toBe('com.example.book.list is new\n')
  expect(filesIn(root)).not.toContain('src/handlers/com/example/book/list.ts')
  expect((await generate(root, { check: true })).changes).toEqual([])
})

test('a namespace is renamed with all that is below it, if no records are lost', async () => {
  const root = await committed(project, true)
  const before = filesIn(root)
  const { breaks, generated } = await rename(root, 'com.example.book', 'org.example.guests')
  expect(breaks).toEqual([
    'com.example.book.entry is a collection: what was written there stays there, under the old name',
  ])
  expect(generated).toBeUndefined()
  expect(filesIn(root)).toEqual(before)
  expect(git(root, 'status', '--porcelain')).toBe('')

  const forced = await rename(root, 'com.example.book', 'org.example.guests', { force: true })
  expect(forced.generated?.diagnostics).toEqual([])
  expect(filesIn(root)).toEqual(
    before.map((path) => path.replace('com/example/book', 'org/example/guests')).sort(),
  )
  expect(existsSync(join(root, 'lexicons/com'))).toBe(false)
  expect(read(root, 'src/collections/org/example/guests/entry.ts')).toContain(
    "from '#lex/org/example/guests/entry'",
  )
  expect(read(root, 'src/handlers/org/example/guests/list.ts')).toContain(
    'Reads org.example.guests.entry. Not org.example.guests.entries, nor org.com.example.book.entry.',
  )
  // There and back is where it was.
  git(root, 'add', '.')
  git(root, 'commit', '--quiet', '-m', 'y')
  await rename(root, 'org.example.guests', 'com.example.book', { force: true })
  git(root, 'add', '.')
  expect(git(root, 'diff', '--cached', '--stat', 'HEAD~1')).toBe('')
})

test('a lexicon that is called like a namespace is renamed alone, and what is below by .*', async () => {
  const root = await committed({
    ...project,
    ...lexicon('com.example.book', { main: { type: 'token' } }),
  })
  const dryRun = true
  const { renames } = await rename(root, 'com.example.book', 'com.example.pad', { dryRun })
  expect([...renames]).toEqual([['com.example.book', 'com.example.pad']])
  const below = await rename(root, 'com.example.book.*', 'com.example.pad.*', { force: true })
  expect(below.renames.has('com.example.book')).toBe(false)
  expect(read(root, 'lexicons/com/example/book.json')).toContain('"com.example.book"')
  expect(read(root, 'lexicons/com/example/pad/auth.json')).toContain('"com.example.pad.entry"')
})

test('references to lexicons of the package stay as they are', async () => {
  const record = {
    type: 'object',
    properties: { x: { type: 'ref', ref: 'com.atproto.repo.strongRef' } },
  }
  const root = await committed({
    ...lexicon('com.example.note', { main: { type: 'record', key: 'tid', record } }),
    'package.json': { type: 'module', dependencies: { cumulus: '*' } },
  })
  const { generated } = await rename(root, 'com.example.note', 'com.example.memo', { force: true })
  expect(generated?.diagnostics).toEqual([])
  expect(read(root, 'lexicons/com/example/memo.json')).toContain('"com.atproto.repo.strongRef"')
  await expect(
    rename(root, 'com.atproto.repo.strongRef', 'com.atproto.repo.ref', { dryRun: true }),
  ).rejects.toThrow(/nothing called/)
})

test('a namespace may go below itself', async () => {
  const root = await committed()
  await rename(root, 'com.example.book', 'com.example.book.old', { force: true })
  expect(filesIn(root)).toContain('lexicons/com/example/book/old/entry.json')
  expect(read(root, 'src/pages.ts')).toContain("'at://x/com.example.book.old.entry/1'")
})

test.each<[string, object, string]>([
  ['a type in a union', { type: 'union', refs: ['com.example.book.defs#tone'] }, '#tone'],
  ['a token', { type: 'string', knownValues: ['com.example.book.defs#page'] }, '#page'],
])('definitions that records spell out are not renamed: %s', async (_, property, name) => {
  const record = { type: 'object', properties: { x: property } }
  const root = await committed({
    ...guestBook,
    ...lexicon('com.example.book.other', { main: { type: 'record', key: 'tid', record } }),
  })
  const { breaks } = await rename(root, 'com.example.book.defs', 'com.example.book.shared')
  expect(breaks).toEqual([
    `records of com.example.book.other may have "com.example.book.defs${name}" in them`,
  ])
})

test('a dry run says what would change and changes nothing, clean or not', async () => {
  const root = await committed()
  put(root, { 'README.md': 'edited: com.example.book.list\n' })
  const { files, generated } = await rename(root, 'com.example.book.list', 'com.example.book.all', {
    dryRun: true,
  })
  expect(files.map(({ path }) => path)).toContain('README.md')
  expect(generated).toBeUndefined()
  expect(git(root, 'status', '--porcelain')).toBe(' M README.md\n')
})

test('what cannot be is told in a sentence', async () => {
  const root = await committed({
    ...project,
    ...lexicon('com.example.book', { main: { type: 'token' } }),
  })
  for (const [from, to, why] of [
    ['com.example.book.lst', 'com.example.book.all', /did you mean "com.example.book.list"/],
    ['com.example.book.list', 'com.example.book.sign', /is there already/],
    ['com.example.book.list', 'list', /not an NSID/],
    ['com.example.book.list', 'com.example.book.list', /called so already/],
  ] as const) {
    await expect(rename(root, from, to)).rejects.toThrow(why)
  }
})

test('changes that are not committed, folders without git, and lexicons of others are refused', async () => {
  const root = await committed()
  put(root, { 'README.md': 'edited' })
  await expect(rename(root, 'com.example.book.list', 'com.example.book.all')).rejects.toThrow(
    /not committed/,
  )
  const bare = makeProject(guestBook)
  await expect(rename(bare, 'com.example.book.list', 'com.example.book.all')).rejects.toThrow(
    /no repository/,
  )
  const pulled = { lexicons: { 'com.example.book.list': { did: 'did:web:a.example', cid: 'x' } } }
  const others = await committed({ ...project, 'lexicons.lock.json': pulled })
  await expect(rename(others, 'com.example.book.list', 'com.example.book.all')).rejects.toThrow(
    /came from elsewhere/,
  )
})

test('a file in the way, or one that cannot be written, leaves everything as it was', async () => {
  const root = await committed({ ...project, 'src/handlers/com/example/book/all.test.ts': '' })
  const to = 'com.example.book.all'
  await expect(rename(root, 'com.example.book.list', to)).rejects.toThrow(/is there already/)
  expect(git(root, 'status', '--porcelain')).toBe('')

  const other = await committed()
  // Where the handler is to go, a folder with a file that git ignores.
  mkdirSync(join(other, 'src/handlers/com/example/book/all.ts'), { recursive: true })
  await expect(rename(other, 'com.example.book.list', to)).rejects.toThrow(/EISDIR/)
  rmSync(join(other, 'src/handlers/com/example/book/all.ts'), { recursive: true })
  expect(git(other, 'status', '--porcelain')).toBe('')
})

test('a run that was killed is taken back by the next, without what was edited since', async () => {
  const root = await committed()
  const [handler, now] = ['src/handlers/com/example/book/list.ts', 'src/handlers/x.ts']
  const text = read(root, handler)
  rmSync(join(root, handler))
  writeFileSync(join(root, now), 'moved')
  writeFileSync(join(root, 'README.md'), 'edited since')
  const journal = {
    [handler]: { before: text, after: null },
    [now]: { before: null, after: 'moved' },
    'README.md': { before: 'old', after: 'new' },
  }
  writeFileSync(join(root, JOURNAL), JSON.stringify(journal))
  const { tookBack } = await rename(root, 'com.example.book.sign', 'com.example.book.write', {
    dryRun: true,
  })
  expect(tookBack).toBe(true)
  expect(read(root, handler)).toBe(text)
  expect(existsSync(join(root, now))).toBe(false)
  expect(read(root, 'README.md')).toBe('edited since')
  expect(existsSync(join(root, JOURNAL))).toBe(false)
})

test('the command lists files, and exits with 1 where records would be lost', async () => {
  const root = await committed()
  const cli = join(import.meta.dirname, '../cli.ts')
  const run = (...args: string[]) => {
    const all = [cli, 'rename', ...args, '--root', root]
    return spawnSync(process.execPath, all, { encoding: 'utf8' })
  }
  const refused = run('com.example.book.entry', 'com.example.book.line')
  expect(refused.status).toBe(1)
  expect(refused.stderr).toContain('--force does it')
  const { status, stdout } = run('com.example.book.sign', 'com.example.book.write')
  expect(status).toBe(0)
  expect(stdout).toContain(
    '~ lexicons/com/example/book/sign.json → lexicons/com/example/book/write.json  (1 place)\n',
  )
  expect(stdout).toMatch(/renamed 1 lexicon, 1 file \(/)
})
