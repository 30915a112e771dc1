/** Names that mean something to TypeScript: the types that are made of them compile. */
import { spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { generate } from '../generate.ts'
import { projectRoot } from '../layout.ts'
import { lexicon, makeProject, put } from '../testing/project.ts'

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

/** The compiler's complaints about the generated types. */
function compile(root: string): string {
  const tsc = join(projectRoot, 'node_modules/typescript/bin/tsc')
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', '.'], { cwd: root, encoding: 'utf8' })
  return stdout
}

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
  const root = makeProject({
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
    'tsconfig.json': {
      extends: join(projectRoot, 'tsconfig.json'),
      compilerOptions: { types: ['node'] },
      include: ['src/generated/types', 'src/generated/schemas.ts', 'src/wrong.ts'],
    },
  })
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'))
  expect((await generate(root)).diagnostics).toEqual([])
  expect(compile(root)).toBe('')

  put(root, { 'src/wrong.ts': 'export const wrong: number = "string"\n' })
  expect(compile(root)).toContain('src/wrong.ts')
})
