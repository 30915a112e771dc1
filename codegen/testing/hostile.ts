/** Lexicons whose every text may be hostile, and texts that try to become something else. */
import fc from 'fast-check'
import { type Files, lexicon } from './project.ts'

const TEXTS = [
  `A'|import("data:text/javascript,console.log(7331)")|'B`,
  'a=globalThis.evil(),b',
  '*/ evil() /*',
  '*/\nexport const evil = 1\n/*',
  'x\nexport const evil = 1; evil()',
  'x\rexport interface Evil { a: 1 }',
  'x\r\nexport {',
  'x\u2028export type Evil = 1',
  ['`', '$', '{evil()}', '`'].join(''),
  ['$', '{evil()}'].join(''),
  '): evil() //',
  '}; evil(); ({',
  "'; evil(); '",
  '"; evil(); "',
  '\\',
  "\\'",
  '\\"; evil()',
  '\\u0027',
  '@ts-ignore',
  '@ts-expect-error',
  '@__PURE__ #__NO_SIDE_EFFECTS__',
  '/// <reference path="/etc/passwd" />',
  '<!-- --> </script>',
  "from './evil.js'",
  '\u001b[2J\u001b]0;evil\u0007',
  '\u009b31m',
  '\u202eevil\u2066',
  '\u0000',
  '\ud800',
  '\ufeff',
  '../../../../etc/passwd',
  '/etc/passwd',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'prototype',
  'toString',
  'then',
  'default',
  'class',
  'await',
  'eval',
  'arguments',
  'undefined',
  'Record',
  'CID',
  'isMain',
  'snake_case',
  'kebab-case-1',
  'Z9',
  '_private',
  '$dollar',
  '9lives',
  'naïve',
  '😀',
  '',
  ' ',
  'a b',
  'a.b',
  'a#b',
  '#',
  'lex:',
  'com.example.tree.defs#view#evil',
  'text/html; a="b\'"',
  `application/json'|'evil`,
  'x'.repeat(300),
]

/** A text that a hostile author might choose. */
export const hostileText = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...TEXTS) },
  {
    weight: 2,
    arbitrary: fc.array(fc.constantFrom(...TEXTS), { maxLength: 3 }).map((all) => all.join('')),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
)

/** What has to be a name by the grammar, or be refused. */
const NAMES = {
  view: 'view',
  token: 'token',
  kind: 'kind',
  list: 'list',
  field: 'field',
  other: 'other',
  parameter: 'parameter',
  error: 'Failed',
  second: 'SecondError',
  encoding: 'text/plain',
}

/** What may be any text. */
const PROSE = {
  ...{ about: 'about', aboutField: 'a', aboutParameter: 'b', aboutToken: 'c', aboutError: 'd' },
  ...{ known: 'known', member: 'member', constant: 'constant', fallback: 'fallback' },
  ...{ key: 'tid', extension: 'extension', extra: 'extra', title: 'title', detail: 'detail' },
}

export type Texts = typeof NAMES & typeof PROSE

/** The texts of a lexicon that means no harm. */
export const harmless: Texts = { ...NAMES, ...PROSE }

/** A few hostile names, if any, and mostly hostile prose. */
export const hostileTexts: fc.Arbitrary<Texts> = fc
  .tuple(someOf(NAMES, 1), someOf(PROSE, 12))
  .map(([names, prose]) => ({ ...harmless, ...names, ...prose }))

function someOf(texts: object, most: number): fc.Arbitrary<object> {
  return fc.dictionary(fc.constantFrom(...Object.keys(texts)), hostileText, { maxKeys: most })
}

/** Whether the names are as many different ones as in the harmless tree. */
export const areDistinct = ({ view, token, kind, list, field, other, error, second }: Texts) =>
  new Set([view, token, kind, list, 'main']).size === 5 && field !== other && error !== second

/** A tree with a place for each of the texts, in all kinds of definitions. */
export function treeOf(t: Texts): Files {
  const description = t.about
  const errors = [{ name: t.error, description: t.aboutError }, { name: t.second }]
  const object = {
    type: 'object',
    description,
    required: [t.field],
    nullable: [t.other],
    properties: {
      ...{ [t.field]: { type: 'string', description: t.aboutField, knownValues: [t.known, 'z'] } },
      ...{ [t.other]: { type: 'string', enum: [t.member, 'z'], default: t.fallback } },
    },
  }
  const parameters = {
    type: 'params',
    description,
    required: [t.parameter],
    properties: {
      [t.parameter]: { type: 'string', description: t.aboutParameter, const: `c${t.constant}` },
    },
  }
  const reference = { type: 'ref', ref: `com.example.tree.defs#${t.view}` }
  const union = { type: 'union', refs: [`com.example.tree.defs#${t.view}`] }
  const body = { encoding: t.encoding, description, schema: reference }
  const permission = {
    type: 'permission',
    resource: 'repo',
    collection: ['com.example.tree.entry'],
  }
  const permissions = [{ ...permission, [`x-${t.extension}`]: t.extra }]
  return {
    ...lexicon('com.example.tree.defs', {
      ...{ [t.view]: { ...object, [`x-${t.extension}`]: { [t.extra]: [t.extra, -1] } } },
      ...{ [t.token]: { type: 'token', description: t.aboutToken } },
      ...{ [t.kind]: { type: 'string', description, knownValues: [t.known] } },
      ...{ [t.list]: { type: 'array', description, items: { type: 'ref', ref: `#${t.view}` } } },
    }),
    ...lexicon('com.example.tree.entry', {
      main: { type: 'record', description, key: t.key, record: object },
    }),
    ...lexicon('com.example.tree.find', {
      main: { type: 'query', description, parameters, output: body, errors },
    }),
    ...lexicon('com.example.tree.put', {
      main: { type: 'procedure', description, parameters, input: body, errors },
    }),
    ...lexicon('com.example.tree.watch', {
      main: { type: 'subscription', description, parameters, message: { schema: union }, errors },
    }),
    ...lexicon('com.example.tree.access', {
      main: { type: 'permission-set', title: t.title, detail: t.detail, permissions },
    }),
  }
}
