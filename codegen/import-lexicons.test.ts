import { execFile } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { LexiconDoc } from '@atproto/lexicon'
import { Lexicons } from '@atproto/lexicon'
import { expect, test } from 'vitest'
import { UsageError } from './errors.ts'
import { generate } from './generate.ts'
import { asWritten, importLexicons } from './import-lexicons.ts'
import { packageRoot } from './layout.ts'
import { guestBook, makeProject, put, read } from './testing/project.ts'
import { listFiles } from './tree.ts'

const doc = (id: LexiconDoc['id'], description = ''): LexiconDoc => ({
  lexicon: 1,
  id,
  defs: { main: { type: 'token', description } },
})
const [a, b] = [doc('com.example.a'), doc('com.example.b')]
const PATH = 'lexicons/com/example/a.json'

test('an import writes each lexicon to the path of its NSID', () => {
  const root = makeProject({})
  const changes = importLexicons(root, [b, a], 'api 1')
  expect(changes).toEqual([
    { nsid: 'com.example.a', change: 'added', edited: false },
    { nsid: 'com.example.b', change: 'added', edited: false },
  ])
  expect(read(root, PATH)).toBe(`${JSON.stringify(a, null, 2)}\n`)
  expect(importLexicons(root, [a, b], 'api 1')).toEqual([])
})

test('an import of a newer version changes, adds and removes', () => {
  const root = makeProject({})
  importLexicons(root, [a, b], 'api 1')
  const newer = [doc('com.example.a', 'new'), doc('com.other.c')]
  expect(importLexicons(root, newer, 'api 2')).toEqual([
    { nsid: 'com.example.a', change: 'changed', edited: false },
    { nsid: 'com.example.b', change: 'removed', edited: false },
    { nsid: 'com.other.c', change: 'added', edited: false },
  ])
  importLexicons(root, [a], 'api 3')
  expect(existsSync(join(root, 'lexicons/com/other'))).toBe(false)
})

test("one's own lexicons stay, also one that has an official name", () => {
  const root = makeProject({
    'lexicons/com/example/mine.json': doc('com.example.mine'),
    [PATH]: doc('com.example.a', 'mine'),
  })
  expect(importLexicons(root, [a], 'api 1')).toEqual([
    { nsid: 'com.example.a', change: 'kept', edited: false },
  ])
  importLexicons(root, [], 'api 2')
  expect(read(root, PATH)).toContain('mine')
  expect(existsSync(join(root, 'lexicons/com/example/mine.json'))).toBe(true)
})

test('an edit of an imported file is replaced, and that is told', () => {
  const root = makeProject({})
  importLexicons(root, [a], 'api 1')
  put(root, { [PATH]: doc('com.example.a', 'edited') })
  expect(importLexicons(root, [a], 'api 1')).toEqual([
    { nsid: 'com.example.a', change: 'changed', edited: true },
  ])
  expect(read(root, PATH)).not.toContain('edited')
})

test('nothing is in lexicons/ but lexicons, as the official tool wants it', async () => {
  const root = makeProject(guestBook)
  importLexicons(root, [a, b], 'api 1')
  expect(listFiles(root, 'lexicons').filter((path) => path.includes('/.'))).toEqual([])
  const lex = join(packageRoot, 'node_modules/@atproto/lex/bin/lex')
  const args = [lex, 'build', '--lexicons', 'lexicons', '--out', 'out']
  await promisify(execFile)(process.execPath, args, { cwd: root })
  expect(listFiles(root, 'out')).toContain('out/com/example/book.ts')
})

const OLD = 'lexicons/.imported.json'
const RECORD = 'lexicons.imported.json'

test('what an older version remembered in lexicons/ is moved, by an import and by a run', async () => {
  const root = makeProject({})
  importLexicons(root, [a, b], 'api 1')
  const record = read(root, RECORD)
  for (const run of [() => importLexicons(root, [a, b], 'api 1'), () => generate(root)]) {
    rmSync(join(root, RECORD))
    put(root, { [OLD]: record })
    await run()
    expect([existsSync(join(root, OLD)), read(root, RECORD)]).toEqual([false, record])
  }
  expect(importLexicons(root, [a], 'api 2')).toEqual([
    { nsid: 'com.example.b', change: 'removed', edited: false },
  ])
})

test('a record that is none is told in a sentence', () => {
  const root = makeProject({ [RECORD]: '<<<<<<< HEAD' })
  expect(() => importLexicons(root, [a], 'api 1')).toThrow(UsageError)
})

test('references are restored to what their author wrote', () => {
  const written: LexiconDoc = {
    lexicon: 1,
    id: 'com.example.refs',
    defs: {
      main: {
        type: 'object',
        properties: {
          own: { type: 'ref', ref: '#view' },
          other: { type: 'ref', ref: 'com.example.a' },
          all: { type: 'union', refs: ['#view', 'com.example.a', 'com.example.b#x'] },
          text: { type: 'string', const: 'lex:stays' },
        },
      },
      view: { type: 'object', properties: {} },
    },
  }
  const compiled = structuredClone(written)
  new Lexicons([compiled])
  expect(JSON.stringify(compiled)).toContain('lex:com.example.refs#view')
  expect(asWritten(compiled)).toEqual(written)
})
