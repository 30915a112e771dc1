import { IncludeScope, isScopeStringFor } from '@atproto/oauth-scopes'
import { expect, test } from 'vitest'
import { scopeOf } from '../../src/server/access.ts'
import { generate, loadChecked } from '../generate.ts'
import { packageRoot } from '../layout.ts'
import { readAccess } from '../openapi/access.ts'
import { type Files, guestBook, lexicon, makeProject, read } from '../testing/project.ts'
import { scopesOf, writeSet } from './scopes.ts'
import { fullScope, includeScope } from './strings.ts'

const photo = lexicon('com.example.book.photo', {
  main: {
    type: 'record',
    key: 'tid',
    record: { type: 'object', properties: { view: { type: 'ref', ref: '#view' } } },
  },
  view: {
    type: 'object',
    properties: { image: { type: 'blob', accept: ['image/png', 'image/*', 'video/mp4'] } },
  },
})

const handler = (name: string, oauth: string): Files => ({
  [`src/handlers/com/example/book/${name}.ts`]: `import { define } from '#lex/com/example/book/${name}'
import { mayCall } from '#src/server/auth/oauth-rule.ts'
import { session } from '#src/server/auth/policy.ts'

const NSID = 'com.example.book.${name}'

export default define({ auth: session, ${oauth ? `oauth: ${oauth}, ` : ''}handler() {} })
`,
})

/** What `codegen scopes com.example.book` derives from the guest book and these files. */
async function derive(...files: Files[]) {
  const root = makeProject(Object.assign({}, guestBook, ...files))
  const { namespaces, diagnostics } = await scopesOf(root, 'com.example.book')
  expect(diagnostics).toEqual([])
  const [derived] = namespaces
  if (!derived) throw new Error('nothing was derived')
  return { root, derived }
}

const records = {
  type: 'permission',
  resource: 'repo',
  collection: ['com.example.book.entry', 'com.example.book.photo'],
}

test('collections may be written, what may be called is called, and blobs stand beside the set', async () => {
  const { derived } = await derive(
    photo,
    handler('list', 'mayCall(NSID)'),
    handler('sign', "{ repo: 'com.example.book.entry', action: 'create' }"),
  )
  expect(derived).toEqual({
    namespace: 'com.example.book',
    set: 'com.example.book.auth',
    file: 'missing',
    permissions: [
      records,
      {
        type: 'permission',
        resource: 'rpc',
        lxm: ['com.example.book.list'],
        inheritAud: true,
      },
    ],
    outside: [
      { scope: 'blob:image/*', because: 'com.example.book.photo' },
      { scope: 'blob:video/mp4', because: 'com.example.book.photo' },
    ],
    unread: [],
  })
  expect(fullScope(derived)).toBe(
    'atproto repo:com.example.book.entry repo:com.example.book.photo rpc:com.example.book.list?aud=* blob:image/* blob:video/mp4',
  )
  const aud = 'did:web:pds.example.com#atproto_pds'
  expect(includeScope(derived, derived.set, aud)).toBe(
    'atproto include:com.example.book.auth?aud=did:web:pds.example.com%23atproto_pds blob:image/* blob:video/mp4',
  )
})

test('a host makes of the set what was derived', async () => {
  const { derived } = await derive(photo, handler('list', 'mayCall(NSID)'))
  const aud = 'did:web:pds.example.com#atproto_pds'
  const include = includeScope(derived, derived.set, aud)
    .split(' ')
    .find((scope) => isScopeStringFor(scope, 'include'))
  const granted = IncludeScope.fromString(include ?? '')?.toScopes(derived as never)
  expect(granted).toEqual([
    'repo?collection=com.example.book.entry&collection=com.example.book.photo',
    'rpc:com.example.book.list?aud=did:web:pds.example.com%23atproto_pds',
  ])
})

test.each<[string, string, string[]]>([
  [
    'the record of another',
    "{ repo: 'org.example.note', action: 'update' }",
    ['repo:org.example.note?action=update'],
  ],
  [
    'another service',
    "{ rpc: 'com.example.book.list', aud: 'did:web:b.example#list' }",
    ['rpc:com.example.book.list?aud=did:web:b.example%23list'],
  ],
  ['the account', "{ account: 'email', action: 'read' }", ['account:email']],
  [
    'the account, to change',
    "{ account: 'status', action: 'manage' }",
    ['account:status?action=manage'],
  ],
  ['the identity', "{ identity: 'handle' }", ['identity:handle']],
  [
    'a list',
    "() => [{ blob: 'image/png' }, { repo: 'org.example.a', action: 'delete' }]",
    ['repo:org.example.a?action=delete', 'blob:image/png'],
  ],
  ['what is forwarded', "mayForward('app.bsky.feed.getFeed')", ['rpc:app.bsky.feed.getFeed?aud=*']],
  ['no token', "'never'", []],
  ['any token', "'any'", []],
])('what no set can hold is asked for beside it: %s', async (_, rule, scopes) => {
  const { derived } = await derive(handler('sign', rule))
  expect(derived.outside.map(({ scope }) => scope)).toEqual(scopes)
  expect(derived.unread).toEqual([])
})

test.each([
  "({ input }) => [{ repo: input.collection, action: 'create' }]",
  'elsewhere',
  'mayCall(name())',
])('a rule that works out what it demands is named: %s', async (rule) => {
  const { derived } = await derive(handler('sign', rule))
  expect(derived.unread).toEqual(['src/handlers/com/example/book/sign.ts'])
})

test('a permission set is written once, and then only what changed in it', async () => {
  const { root, derived } = await derive(handler('list', 'mayCall(NSID)'))
  expect(await writeSet(root, derived)).toBe('lexicons/com/example/book/auth.json')
  expect((await generate(root)).diagnostics.filter(({ file }) => file.includes('auth'))).toEqual([])
  const path = 'lexicons/com/example/book/auth.json'
  expect(read(root, path)).toContain('"title": "Book"')
  const [same] = (await scopesOf(root, 'com.example.book')).namespaces
  expect(same?.file).toBe('same')

  const edited = makeProject({
    ...guestBook,
    ...handler('list', "'any'"),
    [path]: read(root, path).replace('"Book"', '"Guests"'),
  })
  const [differs] = (await scopesOf(edited, undefined)).namespaces
  if (!differs) throw new Error('nothing was derived')
  expect(differs).toMatchObject({ set: 'com.example.book.auth', file: 'differs' })
  await writeSet(edited, differs)
  expect(read(edited, path)).toBe(`{
  "lexicon": 1,
  "id": "com.example.book.auth",
  "defs": {
    "main": {
      "type": "permission-set",
      "title": "Guests",
      "permissions": [
        {
          "type": "permission",
          "resource": "repo",
          "collection": ["com.example.book.entry"]
        }
      ]
    }
  }
}
`)
})

test('it has to be clear which set is meant, and the set able to hold it', async () => {
  const set = { main: { type: 'permission-set', permissions: [] } }
  const root = makeProject({
    ...guestBook,
    ...lexicon('com.example.book.authOne', set),
    ...lexicon('com.example.book.authTwo', set),
  })
  await expect(scopesOf(root, 'com.example.book')).rejects.toThrow(/several.*authOne.*authTwo/)
  const named = await scopesOf(root, 'com.example.book', { set: 'com.example.book.authTwo' })
  expect(named.namespaces[0]?.set).toBe('com.example.book.authTwo')
  await expect(
    scopesOf(root, 'com.example.book', { set: 'com.example.book.sub.auth' }),
  ).rejects.toThrow(/not directly below/)
  await expect(scopesOf(root, 'com.example.none')).rejects.toThrow(/no collection below/)
  await expect(scopesOf(root, undefined, { set: 'x' })).rejects.toThrow(/not an NSID/)
})

test('what is read in the source of handlers is what they say when they are loaded, as for OpenAPI', async () => {
  const { project, shapes } = await loadChecked(packageRoot)
  const { access } = await readAccess(project, new Set(project.handlers.map(({ nsid }) => nsid)))
  let compared = 0
  for (const { nsid, path } of project.handlers) {
    const exported = shapes.get(path)?.export
    const loaded = access.get(nsid)?.oauth
    // What a function works out can be read only; who takes no sessions has a rule for nobody.
    if (exported?.is !== 'definition' || !exported.oauth || loaded === 'varies') continue
    const isAny = loaded?.join() === 'atproto'
    expect([path, exported.oauth.needs.map(scopeOf)]).toEqual([path, isAny ? [] : (loaded ?? [])])
    expect([path, exported.oauth.open]).toEqual([path, false])
    compared++
  }
  expect(compared).toBeGreaterThan(10)
})
