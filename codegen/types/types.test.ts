import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import type { LexiconDoc } from '@atproto/lexicon'
import { expect, test } from 'vitest'
import { packageEntry } from '../packages.ts'
import { defs, entry, guestBook, makeProject, read } from '../testing/project.ts'
import { annotateTypes } from './annotate.ts'
import { generateTypes, runLexCli } from './lex-cli.ts'

const docs = Object.values(guestBook) as LexiconDoc[]
const doc = (files: object) => Object.values(files)[0] as LexiconDoc

test('a lexicon generated alone has the same types as in company', async () => {
  const together = await generateTypes(docs)
  for (const one of docs) {
    const alone = await generateTypes([one])
    expect(alone.types.get(one.id)).toBe(together.types.get(one.id))
    expect(alone.util).toBe(together.util)
  }
})

test("the types are those of lex-cli's command line", async () => {
  const root = makeProject(guestBook)
  const bin = join(dirname(packageEntry('@atproto/lex-cli')), 'index.js')
  execFileSync(process.execPath, [bin, 'gen-server', '--yes', 'out', 'lexicons'], { cwd: root })
  const { types, util } = await generateTypes(docs)
  expect(types.get('com.example.book.entry')).toBe(
    read(root, 'out/types/com/example/book/entry.ts'),
  )
  expect(types.get('com.example.book.list')).toBe(read(root, 'out/types/com/example/book/list.ts'))
  expect(util).toBe(read(root, 'out/util.ts'))
})

test('many lexicons in threads give the same as one after the other', async () => {
  const many = Array.from({ length: 14 }, (_, index) => ({
    ...doc(defs),
    id: `com.example.book.defs${index}` as const,
  }))
  const threaded = await runLexCli(many)
  const serial = await generateTypes(many)
  expect(Object.fromEntries(threaded.types)).toEqual(Object.fromEntries(serial.types))
  expect(threaded.util).toBe(serial.util)
})

test('generating leaves the documents as they were', async () => {
  const before = JSON.stringify(doc(entry))
  await generateTypes([doc(entry)])
  expect(JSON.stringify(doc(entry))).toBe(before)
})

test('every exported symbol says which def it came from', async () => {
  const all: LexiconDoc = {
    lexicon: 1,
    id: 'com.example.all',
    defs: {
      main: { type: 'object', description: 'The main thing.', properties: {} },
      viewBasic: { type: 'object', properties: {} },
      isLoud: { type: 'object', properties: {} },
      reasonSpam: { type: 'token', description: 'Spam.\nIn two lines.' },
      names: { type: 'array', items: { type: 'string' } },
    },
  }
  const { types } = await generateTypes([all])
  const code = annotateTypes(types.get(all.id) ?? '', all)
  const lines = code.split('\n')
  const origins = lines.flatMap((line, index) => {
    const name = /^export (?:interface|type|const|function) (\w+)/.exec(line)?.[1]
    if (!name) return []
    const above = lines.slice(0, index).join('\n')
    return [[name, /From (\S+)\.(?: \*\/|\n \*\/)$/.exec(above)?.[1]]]
  })
  expect(Object.fromEntries(origins)).toEqual({
    Main: 'com.example.all#main',
    isMain: 'com.example.all#main',
    validateMain: 'com.example.all#main',
    ViewBasic: 'com.example.all#viewBasic',
    isViewBasic: 'com.example.all#viewBasic',
    validateViewBasic: 'com.example.all#viewBasic',
    IsLoud: 'com.example.all#isLoud',
    isIsLoud: 'com.example.all#isLoud',
    validateIsLoud: 'com.example.all#isLoud',
    REASONSPAM: 'com.example.all#reasonSpam',
    Names: 'com.example.all#names',
  })
})

test('a description stays the first line of the comment', async () => {
  const { types } = await generateTypes([doc(entry)])
  const described: LexiconDoc = {
    lexicon: 1,
    id: 'com.example.said',
    defs: { main: { type: 'object', description: 'As was said.', properties: {} } },
  }
  const said = await generateTypes([described])
  expect(annotateTypes(said.types.get('com.example.said') ?? '', described)).toContain(
    '/**\n * As was said.\n *\n * From com.example.said#main.\n */\nexport interface Main {',
  )
  const code = annotateTypes(types.get('com.example.book.entry') ?? '', doc(entry))
  expect(code.split('\n')[0]).toContain('lexicons/com/example/book/entry.json')
  expect(code).toContain("from '../../../../lexicons.ts'")
  expect(code).not.toMatch(/from '\..*\.js'/)
})
