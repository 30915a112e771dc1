/** The types of lexicons: those that lex-cli makes, which is run here to be compared with. */
import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { LexiconDoc } from '@atproto/lexicon'
import { ts } from 'ts-morph'
import { expect, test } from 'vitest'
import { checkLexicons } from '../../check/check.ts'
import { defTable } from '../../closure.ts'
import { lexiconPath, packageRoot } from '../../layout.ts'
import { type Lexicon, lexiconFile, loadLexicons } from '../../load.ts'
import { packageEntry } from '../../packages.ts'
import { defs, entry, type Files, lexicon, makeProject, read } from '../../testing/project.ts'
import { faulty } from '../../testing/wild/faulty.ts'
import { methods } from '../../testing/wild/methods.ts'
import { records } from '../../testing/wild/records.ts'
import { writing } from '../../testing/wild/writing.ts'
import { emitTypes, typesPath } from './file.ts'

const run = promisify(execFile)

/** Of the official lexicons every so many are compared; `test:long` compares all, which takes lex-cli minutes. */
const EVERY = process.env.CUMULUS_LONG ? 1 : 30

/** Lexicons for one run of lex-cli, whose time grows with the square of their number. */
const PER_RUN = 24

/** Of which lex-cli makes wrong types: an array of alternatives has the brackets of the last one only. */
const WRONG_THERE = [
  'app.bsky.graph.getLists',
  'app.bsky.graph.getListsWithMembership',
  'tools.ozone.hosting.getAccountHistory',
]

async function checked(files: Files): Promise<Lexicon[]> {
  const tree = Object.entries(files).map(([path, doc]) => lexiconFile(path, JSON.stringify(doc)))
  const { lexicons, diagnostics } = await checkLexicons(tree)
  expect(diagnostics).toEqual([])
  return lexicons ?? []
}

/** The types of a tree by NSID. */
function typesOf(lexicons: readonly Lexicon[]): Map<string, string> {
  const table = defTable(lexicons)
  const typeOf = (def: string) => table.get(def)?.def.type
  return new Map(lexicons.map(({ nsid, doc }) => [nsid, emitTypes(doc, typeOf).code]))
}

/** What lex-cli makes of them, by its command line: types by NSID. */
async function typesByLexCli(lexicons: readonly Lexicon[]): Promise<Map<string, string>> {
  const bin = join(dirname(packageEntry('@atproto/lex-cli')), 'index.js')
  const queue = Array.from({ length: Math.ceil(lexicons.length / PER_RUN) }, (_, index) =>
    lexicons.slice(index * PER_RUN, (index + 1) * PER_RUN),
  )
  const types = new Map<string, string>()
  const work = async (): Promise<void> => {
    for (let some = queue.pop(); some; some = queue.pop()) {
      const files = some.map(({ nsid, text }) => [lexiconPath(nsid), text])
      const root = makeProject(Object.fromEntries(files))
      await run(process.execPath, [bin, 'gen-server', '--yes', 'out', 'lexicons'], { cwd: root })
      for (const { nsid } of some) {
        types.set(nsid, read(root, typesPath(nsid).replace('src/generated', 'out')))
      }
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  return types
}

/** A program as the compiler reads it: without comments, in one way of writing, with what all types share at one place. */
function program(code: string): string {
  const file = ts.createSourceFile(
    '/file.ts',
    code
      .replaceAll(".js'", ".ts'")
      .replaceAll(/'[./]*\/(util|lexicons)\.ts'/g, "'cumulus/lexicons'"),
    ts.ScriptTarget.ESNext,
  )
  return ts.createPrinter({ removeComments: true }).printFile(file)
}

test('of lexicons of all shapes, and of official ones, they are those of lex-cli', async () => {
  const official = loadLexicons(packageRoot).filter(({ nsid }) => !WRONG_THERE.includes(nsid))
  const chosen = official.filter((_, index) => index % EVERY === EVERY - 1)
  const all = official.map((file) => ({ ...file, doc: file.json as LexiconDoc }))
  const wild = await checked({ ...records, ...writing, ...methods })
  expect(wild.length).toBeGreaterThanOrEqual(60)
  const ours = new Map([...typesOf(all), ...typesOf(wild)])
  const compared = [...wild, ...all.filter(({ nsid }) => chosen.some((one) => one.nsid === nsid))]
  const theirs = await typesByLexCli(compared)
  for (const { nsid } of compared) {
    expect(program(ours.get(nsid) ?? ''), nsid).toBe(program(theirs.get(nsid) ?? ''))
  }
}, 600_000)

test.each<[string, string, string]>([
  [
    'an array of alternatives',
    'org.sample.sets',
    "export type Languages = ('de' | 'en' | (string & {}))[]",
  ],
  ['numbers', 'org.sample.sets', 'export type Numbers = (1 | 2)[]'],
  ['an array that may be missing', 'org.sample.sets', 'gone: string[] | null'],
  ['a reference to a token', 'org.sample.sets', "kind?: 'org.sample.sets#special'"],
  ['a short form of a token', 'org.sample.sets', "export type Short = '#special' | (string & {})"],
  ['one to the main token', 'org.sample.sets', "main?: 'org.sample.token'"],
  ['a union of nothing', 'org.sample.sets', 'none?: never'],
  ['a parameter', 'org.sample.list', "kinds?: ('a' | 'b' | (string & {}))[]"],
  ['two modules of one name', 'org.sample.names', 'other?: $org_sample_a_b.Main'],
  ['what is imported', 'org.sample.names', 'link?: _CID'],
  ['what the platform has', 'org.sample.names', 'bytes?: globalThis.Uint8Array'],
  ['a type parameter', 'org.sample.names', 'validateV<V_>(v: V_)'],
])('where those of lex-cli are wrong, they are right: %s', async (_, nsid, code) => {
  expect(typesOf(await checked(faulty)).get(nsid)).toContain(code)
})

test('every exported symbol says which def it came from', async () => {
  const all = lexicon('com.example.all', {
    main: { type: 'object', description: 'The main thing.', properties: {} },
    viewBasic: { type: 'object', properties: {} },
    isLoud: { type: 'object', properties: {} },
    reasonSpam: { type: 'token', description: 'Spam.\nIn two lines.' },
    names: { type: 'array', items: { type: 'string' } },
  })
  const code = typesOf(await checked(all)).get('com.example.all') ?? ''
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
  const main = { type: 'object', description: 'As was said.', properties: {} }
  const said = typesOf(await checked(lexicon('com.example.said', { main })))
  expect(said.get('com.example.said')).toContain(
    '/**\n * As was said.\n *\n * From com.example.said#main.\n */\nexport interface Main {',
  )
})

test('a file names its lexicon, and other files as they are on disk', async () => {
  const code = typesOf(await checked({ ...entry, ...defs })).get('com.example.book.entry') ?? ''
  expect(code.split('\n')[0]).toContain('lexicons/com/example/book/entry.json')
  const modules = [...code.matchAll(/from '(\..*)'/g)].map(([, module = '']) => module)
  expect(modules).toEqual(['./defs.ts'])
})
