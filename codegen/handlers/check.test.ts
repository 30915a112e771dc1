import { expect, test } from 'vitest'
import { formatDiagnostic } from '../diagnostics.ts'
import { pathToNsid } from '../layout.ts'
import { checkHandler } from './check.ts'
import { policiesForApps } from './policies.ts'
import { readHandler } from './read.ts'

const types = new Map<string, string | undefined>([
  ['com.example.book.list', 'query'],
  ['com.example.book.search', 'query'],
  ['com.example.book.sign', 'procedure'],
  ['com.example.book.watch', 'subscription'],
  ['com.example.book.entry', 'record'],
  ['com.example.book.defs', undefined],
])

const forApps = await policiesForApps()

/** The diagnostics for a handler file below `src/handlers/com/example/book/`, as they are printed. */
function complaints(name: string, code: string): string[] {
  const path = `src/handlers/com/example/book/${name}`
  const file = { path, nsid: pathToNsid(path.replace('src/handlers/', '')), text: code }
  return checkHandler(file, readHandler(path, code), types, forApps).map((diagnostic) =>
    formatDiagnostic(diagnostic).replace('src/handlers/com/example/book/', ''),
  )
}

const LIST = `import { define, errors } from '#lex/com/example/book/list'
import { anyone } from '#src/server/auth/policy.ts'
`
const SIGN = LIST.replace('book/list', 'book/sign')

test.each([
  ['a call', `${LIST}export default define({ auth: anyone, handler() { throw errors.X() } })`],
  [
    'a constant',
    `${LIST}const list = define({ auth: anyone, handler: async () => ({}) })\nexport default list`,
  ],
  [
    'a renamed export',
    `${LIST}const list = define({ auth: anyone, handler() {} })\nexport { list as default }`,
  ],
  [
    'a renamed definer',
    `import { define as d } from '#lex/com/example/book/list'\nexport default d({ auth, handler })`,
  ],
  [
    'a namespace import',
    `import * as list from '#lex/com/example/book/list'\nexport default list.define({ auth, handler })`,
  ],
  ['a spread, whose fields nobody knows', `${LIST}export default define({ ...shared })`],
  ['a definition that a function makes', `${LIST}export default define(make('list'))`],
  ['shorthand fields', `${LIST}export default define({ auth, handler })`],
  [
    'types of other methods',
    `import type { Method } from '#lex/com/example/book/sign'\n${LIST}export default define({ auth, handler })`,
  ],
])('%s is a sound handler', (_name, code) => {
  expect(complaints('list.ts', code)).toEqual([])
})

const withAuth = (fields: string, imported = 'session') => `
import { define } from '#lex/com/example/book/list'
import { ${imported} } from '#src/server/auth/policy.ts'
export default define({ ${fields}, handler() {} })`

test.each([
  ['session', withAuth('auth: session'), 'list.ts:4:25'],
  ['a renamed one', withAuth('auth: mine', 'session as mine'), 'list.ts:4:25'],
  ['session', withAuth('auth: sessionOrService', 'sessionOrService'), 'list.ts:4:25'],
])('a policy for apps without `oauth` has a warning: %s', (_, code, place) => {
  expect(complaints('list.ts', code)).toEqual([
    expect.stringMatching(
      new RegExp(
        `^${place} warning: .* answers 403 to every app .*mayCall\\('com.example.book.list'\\)`,
      ),
    ),
  ])
})

test.each([
  ['oauth is said', withAuth("auth: session, oauth: 'never'")],
  ['it may be in what is spread', withAuth('auth: session, ...shared')],
  ['anyone may call', withAuth('auth: anyone', 'anyone')],
  ['only the main password counts', withAuth('auth: fullSession', 'fullSession')],
  ['only the operator may call', withAuth('auth: admin', 'admin')],
  ['the policy says it', withAuth('auth: viewer', 'viewer')],
])('no warning where %s', (_, code) => {
  expect(complaints('list.ts', code)).toEqual([])
})

test('a handler for an NSID without lexicon suggests the method that was meant', () => {
  expect(complaints('lsit.ts', LIST)).toEqual([
    'lsit.ts a handler for "com.example.book.lsit", but no lexicon defines it - did you mean "com.example.book.list"?',
  ])
})

test('a file that is no handler is sent elsewhere', () => {
  expect(complaints('pagination-helpers.ts', '')).toEqual([
    'pagination-helpers.ts a handler for "com.example.book.pagination-helpers", but no lexicon defines it; what is not a handler belongs outside src/handlers/',
  ])
})

test('records and definitions have no handlers', () => {
  expect(complaints('entry.ts', '')).toEqual([
    'entry.ts "com.example.book.entry" is a record; only queries, procedures and subscriptions have handlers',
  ])
  expect(complaints('defs.ts', '')).toEqual([
    'defs.ts "com.example.book.defs" is a lexicon of definitions, so it has no handler',
  ])
})

test('a handler written in another language than TypeScript is told where to go', () => {
  expect(complaints('list.js', LIST)).toEqual([
    'list.js handler files end in .ts: src/handlers/com/example/book/list.ts',
  ])
})

test('a query handler where the lexicon says procedure gets its own sentence', () => {
  const code = `${LIST}export default define({ auth: anyone, handler() {} })`
  expect(complaints('sign.ts', code)).toContain(
    'sign.ts:3:16 this is written for the query com.example.book.list, but the path says com.example.book.sign, which is a procedure',
  )
})

test("another method's definer of the same kind is found too", () => {
  const code = `${LIST.replace(', errors', '')}export default define({ auth: anyone, handler() {} })`
  expect(complaints('search.ts', code)).toEqual([
    'search.ts:3:16 this is written for the query com.example.book.list, but the path says com.example.book.search',
  ])
})

test('a definer that does not exist suggests the one that was meant', () => {
  const code = `import { define } from '#lex/com/example/book/lits'\nexport default define({ auth, handler })`
  expect(complaints('list.ts', code)).toEqual([
    `list.ts:2:16 no method is called "com.example.book.lits", so there is no '#lex/com/example/book/lits' - did you mean "com.example.book.list"?`,
  ])
})

test("another method's errors are not this method's to answer with", () => {
  const code = `import { define } from '#lex/com/example/book/list'
import { errors } from '#lex/com/example/book/sign'
export default define({ auth, handler() { throw errors.X() } })`
  expect(complaints('list.ts', code)).toEqual([
    'list.ts:2:24 these are the errors of com.example.book.sign; com.example.book.list may answer only with its own',
  ])
})

test('input in a query is found, since only a procedure has one', () => {
  const code = `${LIST}export default define({ auth, async handler({ params, input }) {} })`
  expect(complaints('list.ts', code)).toEqual([
    'list.ts:3:55 the handler takes `input`, but com.example.book.list is a query, and only a procedure has one',
  ])
  expect(complaints('sign.ts', code.replace('book/list', 'book/sign'))).toEqual([])
})

const SHOULD = "it should be the result of `define` from '#lex/com/example/book/sign'"

test.each([
  ['missing', `${SIGN}export const sign = 1`, `has no default export; ${SHOULD}`],
  ['an empty file', '', `has no default export; ${SHOULD}`],
  [
    'a plain object',
    `${SIGN}export default { auth: anyone, handler() {} }`,
    `:3:16 the default export is a plain object; ${SHOULD}`,
  ],
  [
    'a function',
    `${SIGN}export default async function sign() {}`,
    `:3:1 the default export is a function; ${SHOULD}`,
  ],
  [
    'a function by name',
    `${SIGN}function sign() {}\nexport default sign`,
    `:4:16 the default export is a function; ${SHOULD}`,
  ],
  [
    'a class',
    `${SIGN}export default class Sign {}`,
    `:3:1 the default export is a class; ${SHOULD}`,
  ],
  [
    'the result of another function',
    `${SIGN}export default makeHandler({ auth: anyone })`,
    `:3:16 the default export is the result of makeHandler(…); ${SHOULD}`,
  ],
  [
    "a definer that is not a method's",
    `import { definer } from '#src/server/xrpc/define.ts'\nexport default definer()({ auth, handler })`,
    `:2:16 the default export is the result of definer()(…); ${SHOULD}`,
  ],
  [
    'an export from elsewhere',
    `export { default } from './list.ts'`,
    `:1:10 the default export is something from another file; ${SHOULD}`,
  ],
  [
    'a definition without auth',
    `${SIGN}export default define({ handler() {} })`,
    ":3:16 the definition has no `auth`: say who may call, with a policy from 'cumulus'",
  ],
  [
    'a definition without handler',
    `${SIGN}export default define({ auth: anyone })`,
    ':3:16 the definition has no `handler` function',
  ],
  [
    'a definition with a string for a handler',
    `${SIGN}export default define({ auth: anyone, handler: 'sign' })`,
    ':3:48 `handler` is a string; it should be a function',
  ],
  [
    'a definition with a string for a policy',
    `${SIGN}export default define({ auth: 'session', handler() {} })`,
    ":3:31 `auth` is a string; it should be a policy from 'cumulus'",
  ],
  ['a syntax error', `${SIGN}export default define({`, ":3:24 '}' expected."],
  ['an import without a module', 'import { define } from\n', ':1:23 Expression expected.'],
])('a default export of the wrong shape has its own sentence: %s', (_name, code, expected) => {
  const found = complaints('sign.ts', code)
  expect(found).toEqual([expected.startsWith(':') ? `sign.ts${expected}` : `sign.ts ${expected}`])
})
