/** Lexicons are data of strangers: whatever they say, generated files hold it as text, or there is a diagnostic. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkLexicons } from './check/check.ts'
import { formatDiagnostic } from './diagnostics.ts'
import { GENERATED } from './layout.ts'
import { lexiconFile } from './load.ts'
import { routeMethods } from './methods.ts'
import { plan } from './plan.ts'
import { stubFiles } from './stub/stub.ts'
import {
  areDistinct,
  harmless,
  hostileText,
  hostileTexts,
  type Texts,
  treeOf,
} from './testing/hostile.ts'
import { type Program, readProgram } from './testing/program-shape.ts'
import { type Files, lexicon } from './testing/project.ts'

/** How many trees are tried; `test:long` tries more. */
const RUNS = process.env.CUMULUS_LONG ? 2_000 : 120

/** The diagnostics for a tree, or everything that is generated from it, stubs of handlers included. */
async function generated(files: Files): Promise<Map<string, string> | string[]> {
  const tree = Object.entries(files).map(([path, doc]) =>
    lexiconFile(path, typeof doc === 'string' ? doc : JSON.stringify(doc, null, 2)),
  )
  const { lexicons, diagnostics } = await checkLexicons(tree)
  if (!lexicons) return diagnostics.map(formatDiagnostic)
  const methods = routeMethods(lexicons, { project: new Set(lexicons.map(({ nsid }) => nsid)) }, [])
  const planned = [...plan(lexicons, methods), ...methods.flatMap(stubFiles)]
  return new Map(planned.map(({ path, code }) => [path, code]))
}

function programs(codes: ReadonlyMap<string, string>): Map<string, Program> {
  const typescript = [...codes].filter(([path]) => path.endsWith('.ts'))
  return new Map(typescript.map(([path, code]) => [path, readProgram(code)]))
}

const shapes = (found: ReadonlyMap<string, Program>) =>
  Object.fromEntries([...found].map(([path, { shape }]) => [path, shape]))

/** Nothing that a terminal would obey, and each with its place. */
function expectReadable(complaints: readonly string[]): void {
  expect(complaints).not.toEqual([])
  for (const line of complaints) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
  expect(complaints.some((line) => /^lexicons\/\S+\.json:\d+:\d+ /.test(line))).toBe(true)
}

const twin = await generated(treeOf(harmless))
if (Array.isArray(twin)) throw new Error(twin.join('\n'))
const expected = shapes(programs(twin))

/** @returns what was generated, unless there were diagnostics */
async function expectText(texts: Texts): Promise<Map<string, Program> | undefined> {
  const made = await generated(treeOf(texts))
  if (Array.isArray(made)) {
    expectReadable(made)
    return undefined
  }
  for (const code of made.values()) expect(Buffer.from(code).toString()).toBe(code)
  const found = programs(made)
  expect([...found].filter(([, { problems }]) => problems.length > 0)).toEqual([])
  expect(shapes(found)).toEqual(expected)
  return found
}

test('hostile texts change no statement, expression or type of what is generated', async () => {
  let made = 0
  await fc.assert(
    fc.asyncProperty(hostileTexts.filter(areDistinct), async (texts) => {
      const found = await expectText(texts)
      if (!found) return
      made++
      const literals = new Set([...found.values()].flatMap((one) => [...one.literals]))
      for (const text of ['known', 'member', 'error', 'extra', 'title', 'key'] as const) {
        expect(literals).toContain(texts[text])
      }
    }),
    { numRuns: RUNS },
  )
  expect(made).toBeGreaterThan(RUNS / 10)
}, 600_000)

test.each<[string, Partial<Texts>, string]>([
  [
    'an error that imports a module',
    { error: `A'|import("data:text/javascript,console.log(7331)")|'B` },
    `find.json:32:19 "A'|import("data:text/javascript,console.log(7331)")|'B" is no name for an error`,
  ],
  [
    'a token that calls a function',
    { token: 'a=globalThis.evil(),b' },
    'defs.json:39:30 "a=globalThis.evil(),b" is no name for a definition',
  ],
  ['a field with a type of its own', { field: 'a: 1; b' }, '"a: 1; b" is no name for a field'],
  ['a field that is a prototype', { field: '__proto__' }, '"__proto__" is no name for a field'],
  ['a parameter with a type', { parameter: 'a: 1; b' }, '"a: 1; b" is no name for a field'],
  ['a media type with a quote', { encoding: "a/b'|evil|'" }, `"a/b'|evil|'" is no media type`],
  ['a reference with two names', { view: 'a#b' }, 'defs#a#b" is no reference'],
  ['a known value with two names', { known: '#a#b' }, '"#a#b" is no reference'],
  ['a member of an enumeration with two names', { member: '#a#b' }, '"#a#b" is no reference'],
  ['control characters', { view: '\u001b[2J\u202e' }, '"\\u001b[2J\\u202e" is no name'],
])('%s is refused, with its place', async (_, texts, message) => {
  const complaints = await generated(treeOf({ ...harmless, ...texts }))
  if (!Array.isArray(complaints)) throw new Error('it was taken')
  expectReadable(complaints)
  expect(complaints.join('\n')).toContain(message)
})

test.each([
  ...['constructor', 'hasOwnProperty', 'toString', 'valueOf', 'prototype', 'then', 'default'],
  ...['class', 'function', 'await', 'eval', 'arguments', 'undefined', 'null', 'any', 'string'],
  ...['kebab-case', 'snake_case', 'a-1', 'Z9'],
])('%s is a name like any other, for everything', async (name) => {
  const names = { token: name, field: name, parameter: name, error: name }
  expect(await expectText({ ...harmless, ...names })).toBeDefined()
  expect(await expectText({ ...harmless, view: name })).toBeDefined()
})

test('what a type has anyway may be declared too', async () => {
  const found = await generated(
    lexicon('com.example.typed', {
      main: { type: 'object', properties: { $type: { type: 'string' }, a: { type: 'boolean' } } },
    }),
  )
  if (Array.isArray(found)) throw new Error(found.join('\n'))
  expect(found.get(`${GENERATED}/types/com/example/typed.ts`)?.match(/\$type\?/g)).toHaveLength(1)
})

test.each([
  ...['com.4chan.board.list', 'com.example.constructor.list', 'com.example.constructor'],
  ...[
    'com.example.default',
    'com.my-site.class.list',
    'com.xn--bcher-kva.list',
    'com.example.index',
  ],
])('an NSID whose parts are no identifiers is one all the same: %s', async (nsid) => {
  const found = await generated(
    lexicon(nsid, { main: { type: 'query' }, other: { type: 'token' } }),
  )
  if (Array.isArray(found)) throw new Error(found.join('\n'))
  expect([...programs(found).values()].flatMap(({ problems }) => problems)).toEqual([])
})

test('a file is generated below its folder, whatever NSIDs and paths say', async () => {
  const place = fc.oneof(hostileText, fc.constantFrom('com.example.a', 'com.example.b'))
  const property = fc.asyncProperty(place, place, async (id, path) => {
    const doc = { lexicon: 1, id, defs: { main: { type: 'query' } } }
    const found = await generated({ [`lexicons/${path.replaceAll('.', '/')}.json`]: doc })
    if (Array.isArray(found)) expect(found).not.toEqual([])
    else
      for (const file of found.keys()) expect(file).toMatch(/^src\/(generated|handlers)\/[\w/.-]+$/)
  })
  await fc.assert(property, { numRuns: RUNS })
}, 600_000)

test.each<[string, object, string]>([
  [
    'two that differ in a hyphen',
    { 'foo-bar': { type: 'token' }, fooBar: { type: 'token' }, foo_bar: { type: 'token' } },
    '"foo_bar" has the name "FOO_BAR" in the generated types, and so has "foo-bar"',
  ],
  [
    'a part of a method',
    { main: { type: 'query' }, queryParams: { type: 'object', properties: {} } },
    '"queryParams" has the name "QueryParams" in the generated types, and so has a part of the method',
  ],
])('definitions that would share a name are told apart: %s', async (_, defs, message) => {
  const complaints = await generated(lexicon('com.example.shared', defs))
  expect(complaints).toEqual([expect.stringContaining(message)])
})

test('a lexicon that would keep generator and compiler busy has a diagnostic', async () => {
  const names = Array.from({ length: 7_000 }, (_, index) => [`f${index}`, { type: 'token' }])
  const properties = Object.fromEntries(names.map(([name]) => [name, { type: 'boolean' }]))
  const errors = names.map(([name]) => ({ name }))
  const parameters = { type: 'params', properties }
  const main = { type: 'query', parameters, errors }
  const defs = { main, ...Object.fromEntries(names) }
  expect(await generated(lexicon('com.example.large', defs))).toEqual([
    expect.stringContaining('21001 definitions, fields and errors are more than 20000'),
  ])
})

test('a lexicon without end in depth has a diagnostic, and takes no stack', async () => {
  const deep = `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`
  const text = `{"lexicon":1,"id":"com.example.deep","defs":{"main":${deep}}}`
  expect(await generated({ 'lexicons/com/example/deep.json': text })).toEqual([
    expect.stringMatching(/^lexicons\/com\/example\/deep\.json:1:\d+ more than 64 levels deep$/),
  ])
})
