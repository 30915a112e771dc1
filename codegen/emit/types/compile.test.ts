/** Names that mean something to TypeScript: what is generated from them type-checks, or there is a diagnostic. */
import { spawnSync } from 'node:child_process'
import { readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkLexicons } from '../../check/check.ts'
import { generate } from '../../generate.ts'
import { packageRoot } from '../../layout.ts'
import { lexiconFile } from '../../load.ts'
import { awkwardTrees } from '../../testing/awkward.ts'
import { type Files, lexicon, makeProject, put, read } from '../../testing/project.ts'
import { faulty } from '../../testing/wild/faulty.ts'
import { methods } from '../../testing/wild/methods.ts'
import { records } from '../../testing/wild/records.ts'
import { writing } from '../../testing/wild/writing.ts'

/** How many trees are compiled; `test:long` compiles more. */
const RUNS = process.env.CUMULUS_LONG ? 100 : 4

const NAMES = [
  ...['constructor', 'hasOwnProperty', 'toString', 'valueOf', 'prototype', 'then', 'default'],
  ...['class', 'function', 'await', 'eval', 'arguments', 'undefined', 'null', 'any', 'string'],
  ...[
    'object',
    'symbol',
    'never',
    'array',
    'promise',
    'date',
    'error',
    'blob',
    'infinity',
    'import',
  ],
  ...['kebab-case', 'snake_case', 'a-1', 'Z9', 'id', 'validate', 'hashMain', 'is', '$dollar', '_a'],
]
const ofDefs = NAMES.filter((name) => /^[a-z]/i.test(name))

const each = (names: readonly string[], value: object) =>
  Object.fromEntries(names.map((name) => [name, value]))

/** A project with the server's code, so that everything which is generated can be compiled. */
function projectOf(files: Files): string {
  const root = makeProject({
    ...files,
    'package.json': JSON.parse(read(packageRoot, 'package.json')),
    'src/wrong.ts': '',
    'tsconfig.json': {
      extends: join(packageRoot, 'tsconfig.json'),
      include: ['src/generated', 'src/text-modules.d.ts', 'src/wrong.ts'],
    },
  })
  symlinkSync(join(packageRoot, 'node_modules'), join(root, 'node_modules'))
  for (const name of readdirSync(join(packageRoot, 'src'))) {
    if (['generated', 'handlers'].includes(name)) continue
    symlinkSync(join(packageRoot, 'src', name), join(root, 'src', name))
  }
  return root
}

/** The compiler's complaints about the generated files. */
function compile(root: string): string[] {
  const tsc = join(packageRoot, 'node_modules/typescript/bin/tsc')
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', '.'], { cwd: root, encoding: 'utf8' })
  return stdout.split('\n').filter((line) => line.startsWith('src/'))
}

/** Stands in for what was taken away. */
const base = lexicon('org.example.base', { main: { type: 'object', properties: {} } })

/**
 * What is left of a tree when all that has a diagnostic is taken away, and references to it lead elsewhere. Each
 * diagnostic has its place.
 */
async function sound(files: Files): Promise<Files> {
  const tree = Object.entries(files).map(([path, doc]) =>
    lexiconFile(path, JSON.stringify(doc, null, 2)),
  )
  const { diagnostics } = await checkLexicons(tree)
  if (diagnostics.length === 0) return files
  for (const one of diagnostics) {
    expect(one).toEqual({
      severity: 'error',
      file: expect.stringMatching(/^lexicons\/.+\.json$/),
      line: expect.any(Number),
      column: expect.any(Number),
      message: expect.stringMatching(/./),
    })
  }
  const told = new Set(diagnostics.map(({ file }) => file))
  const gone = tree.filter(({ path }) => told.has(path)).map(({ nsid }) => `${nsid}#`)
  const rest = tree.filter(({ path }) => !told.has(path))
  const redirected = rest.map(({ path, json }) => [
    path,
    JSON.parse(JSON.stringify(json), (_, value) =>
      typeof value === 'string' && gone.some((prefix) => value.startsWith(prefix))
        ? 'org.example.base'
        : value,
    ),
  ])
  return sound(Object.fromEntries(redirected))
}

test('every lexicon has a diagnostic, or what is generated from it type-checks', async () => {
  let compiled = 0
  await fc.assert(
    fc.asyncProperty(awkwardTrees, async (files) => {
      const rest = await sound({ ...files, ...base })
      const root = projectOf(rest)
      expect((await generate(root)).diagnostics).toEqual([])
      expect(compile(root)).toEqual([])
      compiled += Object.keys(rest).length
    }),
    { numRuns: RUNS },
  )
  expect(compiled).toBeGreaterThan(5 * RUNS)
}, 600_000)

test('what is generated from lexicons of all shapes type-checks', async () => {
  const root = projectOf({ ...records, ...writing, ...methods, ...faulty })
  expect((await generate(root)).diagnostics).toEqual([])
  expect(compile(root)).toEqual([])
})

test('types of definitions and fields that are called like parts of the language', async () => {
  const properties = each(NAMES, {
    type: 'string',
    knownValues: ['a'],
    description: '*/ @ts-ignore',
  })
  const object = { type: 'object', required: NAMES, nullable: NAMES, properties }
  const small = { type: 'object', properties: { a: { type: 'ref', ref: '#string' } } }
  const ref = { type: 'ref', ref: 'com.example.constructor.objects#class' }
  const errors = ofDefs.map((name) => ({ name }))
  const root = projectOf({
    ...lexicon('com.example.constructor.objects', each(ofDefs, small)),
    ...lexicon('com.example.constructor.strings', each(ofDefs, { type: 'string', enum: ['a'] })),
    ...lexicon('com.example.constructor.tokens', each(ofDefs, { type: 'token' })),
    ...lexicon('com.example.constructor.default', {
      main: { type: 'record', key: 'any', record: { ...object, properties: each(NAMES, ref) } },
    }),
    ...lexicon('com.4chan.class', {
      main: {
        type: 'query',
        parameters: { type: 'params', properties },
        output: { encoding: 'application/json', schema: object },
        errors,
      },
    }),
  })
  expect((await generate(root)).diagnostics).toEqual([])
  expect(compile(root)).toEqual([])

  put(root, { 'src/wrong.ts': 'export const wrong: number = "string"\n' })
  expect(compile(root)).toEqual([expect.stringContaining('src/wrong.ts')])
})
