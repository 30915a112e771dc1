import { expect, test } from 'vitest'
import { formatDiagnostic } from '../diagnostics.ts'
import { lexiconFile } from '../load.ts'
import { guestBook, lexicon } from '../testing/project.ts'
import { checkLexicons } from './check.ts'

/** What is said of a permission set of the guest book with one permission; places are left out. */
async function complaints(permission: object): Promise<string[]> {
  const permissions = [{ type: 'permission', ...permission }]
  const set = { main: { type: 'permission-set', title: 'Guest books', permissions } }
  const files = { ...guestBook, ...lexicon('com.example.book.auth', set) }
  const tree = Object.entries(files).map(([path, doc]) =>
    lexiconFile(path, JSON.stringify(doc, null, 2)),
  )
  const { diagnostics } = await checkLexicons(tree)
  for (const { line, column } of diagnostics) expect([line, column]).not.toContain(undefined)
  return diagnostics.map((one) =>
    formatDiagnostic(one).replace(/^lexicons\/com\/example\/book\/auth\.json:\d+:\d+ /, ''),
  )
}

test.each<[string, object]>([
  ['a collection', { resource: 'repo', collection: ['com.example.book.entry'] }],
  [
    'some actions',
    { resource: 'repo', collection: ['com.example.book.entry'], action: ['create', 'delete'] },
  ],
  ['a method', { resource: 'rpc', lxm: ['com.example.book.list'], aud: '*' }],
  [
    'a method of the service that the app names',
    { resource: 'rpc', lxm: ['com.example.book.sign'], inheritAud: true },
  ],
  ['what is to come', { resource: 'repo', collection: ['com.example.book.entry'], 'x-a': 'b' }],
])('a permission that hosts take has no complaints: %s', async (_, permission) => {
  expect(await complaints(permission)).toEqual([])
})

const entry = { resource: 'repo', collection: ['com.example.book.entry'] }
const list = { resource: 'rpc', lxm: ['com.example.book.list'], aud: '*' }

test.each<[object, string]>([
  [{ ...entry, resource: 'banana' }, 'unknown resource "banana": one of repo, rpc'],
  [{ ...entry, resource: 'rep' }, 'unknown resource "rep" - did you mean "repo"?'],
  [
    { resource: 'blob', accept: ['image/*'] },
    'warning: hosts leave out "blob": a permission set holds only repo and rpc',
  ],
  [
    { ...entry, collection: ['app.bsky.feed.post'] },
    'warning: "app.bsky.feed.post" is not in the namespace of this set, com.example.book.*, and hosts leave this permission out, with all that it names',
  ],
  [{ ...entry, collection: ['*'] }, '"*" is not allowed in a permission set: name each'],
  [{ ...entry, collection: ['entry'] }, '"entry" is not an NSID'],
  [{ ...entry, collection: [] }, '"collection" is missing: a list of collections'],
  [{ ...list, lxm: 'com.example.book.list' }, '"lxm" is missing: a list of methods'],
  [
    { ...entry, collection: ['com.example.book.entri'] },
    'warning: "com.example.book.entri" is not in lexicons/ - did you mean "com.example.book.entry"?',
  ],
  [
    { ...entry, collection: ['com.example.book.list'] },
    '"com.example.book.list" is no collection, but of type query',
  ],
  [
    { ...list, lxm: ['com.example.book.defs'] },
    '"com.example.book.defs" is no method, but of definitions only',
  ],
  [{ ...entry, action: ['creat'] }, 'unknown action "creat" - did you mean "create"?'],
  [{ ...entry, action: 'create' }, 'a list of actions belongs here: create, update, delete'],
  [
    { ...entry, actoin: ['create'] },
    'warning: unknown field "actoin" has no effect - did you mean "action"?',
  ],
  [{ ...list, aud: undefined }, '"aud": "*" or "inheritAud": true is missing'],
  [
    { ...list, aud: 'did:web:example.com#x' },
    '"aud" is "*" in a permission set, or left out for "inheritAud"',
  ],
])(
  'a permission that hosts leave out, or not understand, is told about: %j',
  async (permission, said) => {
    expect(await complaints(permission)).toEqual([said])
  },
)

test('a complaint is placed to the column', async () => {
  const permissions = [{ type: 'permission', ...entry, resource: 'banana' }]
  const set = lexicon('com.example.book.auth', {
    main: { type: 'permission-set', title: 'Guest books', permissions },
  })
  const [[path, doc] = ['', {}]] = Object.entries(set)
  const { diagnostics } = await checkLexicons([lexiconFile(path, JSON.stringify(doc, null, 2))])
  expect(diagnostics.map(formatDiagnostic)).toEqual([
    'lexicons/com/example/book/auth.json:11:23 unknown resource "banana": one of repo, rpc',
  ])
})

test('a set that people could not tell by its title is warned of', async () => {
  const permissions = [{ type: 'permission', ...list }]
  const set = lexicon('com.example.book.auth', { main: { type: 'permission-set', permissions } })
  const tree = Object.entries({ ...guestBook, ...set }).map(([path, doc]) =>
    lexiconFile(path, JSON.stringify(doc, null, 2)),
  )
  const { diagnostics } = await checkLexicons(tree)
  expect(diagnostics.map(formatDiagnostic)).toEqual([
    'lexicons/com/example/book/auth.json:5:13 warning: "title" is missing: it is what people are asked to agree to',
  ])
})
