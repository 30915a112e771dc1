/** Symbolic links in a project: they are not followed out of the folders that the generator works on. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { LexiconDoc } from '@atproto/lexicon'
import { expect, test } from 'vitest'
import { lexiconsAt } from './diff/git.ts'
import { compareTrees } from './diff/tree.ts'
import { UsageError } from './errors.ts'
import { generate } from './generate.ts'
import { importLexicons } from './import-lexicons.ts'
import { RECORD } from './import-record.ts'
import { guestBook, lexicon, makeProject, put, read } from './testing/project.ts'

const secret = { 'secret.json': { lexicon: 1, id: 'com.example.secret', defs: {} } }
const SECRET = 'lexicons/com/example/secret.json'

test.each([
  [
    'a file elsewhere',
    (root: string) => symlinkSync(join(root, 'secret.json'), join(root, SECRET)),
  ],
  ['nothing', (root: string) => symlinkSync('/does/not/exist.json', join(root, SECRET))],
  ['a device', (root: string) => symlinkSync('/dev/zero', join(root, SECRET))],
])('a lexicon that is a link to %s is not read, and told about', async (_, link) => {
  const root = makeProject({ ...guestBook, ...secret })
  link(root)
  const { diagnostics } = await generate(root)
  expect(diagnostics).toEqual([
    {
      severity: 'error',
      file: SECRET,
      message: 'is a symbolic link that does not lead to a file in lexicons/',
    },
  ])
})

test('a link within the lexicons is followed', async () => {
  const root = makeProject({
    ...guestBook,
    'lexicons/.store/one.json':
      lexicon('com.example.one', { main: { type: 'token' } })['lexicons/com/example/one.json'] ??
      '',
  })
  symlinkSync('../../.store/one.json', join(root, 'lexicons/com/example/one.json'))
  expect((await generate(root)).diagnostics).toEqual([])
  expect(read(root, 'src/generated/types/com/example/one.ts')).toContain('export const MAIN')
})

test('a pipe in the lexicons is passed by, and not waited for', async () => {
  const root = makeProject(guestBook)
  execFileSync('mkfifo', [join(root, 'lexicons/com/example/pipe.json')])
  expect((await generate(root)).diagnostics).toEqual([])
})

test('nothing is generated through a link that leads elsewhere', async () => {
  const root = makeProject(guestBook)
  const elsewhere = makeProject({})
  mkdirSync(join(root, 'src/generated'), { recursive: true })
  symlinkSync(elsewhere, join(root, 'src/generated/types'))
  await expect(generate(root)).rejects.toThrow(UsageError)
  expect(readdirSync(elsewhere)).toEqual([])
})

test('nothing is imported, or removed, through a link that leads elsewhere', () => {
  const root = makeProject({})
  const elsewhere = makeProject({ 'example/old.json': {} })
  mkdirSync(join(root, 'lexicons'))
  symlinkSync(elsewhere, join(root, 'lexicons/com'))
  put(root, { [RECORD]: { from: '', lexicons: { 'com.example.old': '', '../../x': '' } } })
  importLexicons(root, [], 'test')
  expect(readdirSync(join(elsewhere, 'example'))).toEqual(['old.json'])
  const doc: LexiconDoc = { lexicon: 1, id: 'com.example.one', defs: {} }
  expect(() => importLexicons(root, [doc], 'test')).toThrow(/is not written: a symbolic link/)
  expect(readdirSync(join(elsewhere, 'example'))).toEqual(['old.json'])
})

test('a link is no lexicon in the history either', () => {
  const root = makeProject({ ...guestBook, ...secret })
  symlinkSync(join(root, 'secret.json'), join(root, SECRET))
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root })
  git('init', '-q')
  git('add', '.')
  git('-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '-qm', 'a')
  const old = lexiconsAt(root, 'HEAD')
  expect(old.find(({ path }) => path === SECRET)?.json).toBeUndefined()
  expect(compareTrees(old, old)).toEqual([])
})

test('a file whose name is one of every object has a diagnostic like any other', async () => {
  for (const name of ['constructor', '__proto__', 'toString']) {
    const root = makeProject({ ...guestBook, [`lexicons/${name}.json`]: '{}' })
    await generate(root)
    const { diagnostics } = await generate(root)
    expect(diagnostics).toEqual([expect.objectContaining({ file: `lexicons/${name}.json` })])
  }
})
