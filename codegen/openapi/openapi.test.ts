/** The document is what OpenAPI 3.1 allows, says what lexicons and handlers say, and is the same each time. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, test } from 'vitest'
import { accessOf, type DescribedDefinition } from '../../src/server/access.ts'
import { loadChecked } from '../generate.ts'
import { packageRoot } from '../layout.ts'
import { type Files, guestBook, lexicon, makeProject, put, read } from '../testing/project.ts'
import { openApiDocument } from './document.ts'
import type { Json } from './schema.ts'

const openapi = (...args: string[]) =>
  spawnSync(process.execPath, [join(packageRoot, 'codegen/cli.ts'), 'openapi', ...args], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })

async function documentOf(files: Files, definitions: Record<string, DescribedDefinition> = {}) {
  const { lexicons, methods } = await loadChecked(makeProject(files))
  if (!lexicons) throw new Error('the lexicons have errors')
  const access = new Map(Object.entries(definitions).map(([nsid, one]) => [nsid, accessOf(one)]))
  return openApiDocument(lexicons, lexicons, methods, access, {
    title: 'a book',
    version: '1.0.0',
    server: '/',
    networkLimit: () => ({ limit: 3_000, window: 300_000 }),
  })
}

async function expectValid(document: Json): Promise<void> {
  const { valid, errors } = await new Validator({ strict: false }).validate(document)
  expect({ valid, errors }).toEqual({ valid: true, errors: undefined })
  // Which the validator does not look at: that each reference leads somewhere.
  const text = JSON.stringify(document)
  for (const [, path = ''] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const found = path.split('/').reduce<unknown>((at, name) => (at as Json)?.[name], document)
    expect([path, found]).not.toEqual([path, undefined])
  }
}

/** The names of errors of a response. */
const namesIn = (response: Json | undefined) =>
  [...String(response?.description).matchAll(/^- `(\w+)`/gm)].map(([, name]) => name)

/** What is at a path of names in a document. */
const at = (document: Json, ...path: string[]) =>
  path.reduce<unknown>((value, name) => (value as Json)?.[name], document)

test('the whole tree of this project is a valid document, with scopes and limits of its handlers', async () => {
  const { status, stdout, stderr } = openapi('--out', '-')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const document: Json = JSON.parse(stdout)
  await expectValid(document)
  const methods = document.paths as Record<string, Json>
  const of = (nsid: string, verb: string) => methods[`/xrpc/${nsid}`]?.[verb] as Json
  expect(of('com.atproto.identity.updateHandle', 'post')).toMatchObject({
    security: [{ session: [] }, { oauth: ['identity:handle'] }],
    'x-route': { to: 'local' },
    'x-ratelimit': [
      { limit: 3_000, windowSeconds: 300, by: 'network' },
      { limit: 10, windowSeconds: 300, by: 'account' },
      { limit: 50, windowSeconds: 86_400, by: 'account' },
    ],
  })
  expect(of('com.atproto.repo.uploadBlob', 'post')).toMatchObject({
    requestBody: { content: { '*/*': {} } },
    'x-scopes': 'depends on what is asked for',
  })
  expect(of('app.bsky.feed.searchPosts', 'get')).toMatchObject({
    security: [{ session: [] }, { oauth: ['rpc:app.bsky.feed.searchPosts?aud=*'] }],
    'x-route': { to: 'proxy', service: 'appview' },
    responses: { 502: { $ref: '#/components/responses/Upstream' } },
  })
  expect(of('com.atproto.server.describeServer', 'get').security).toEqual([{}])
  const signIn = of('com.atproto.server.createSession', 'post').responses as Record<string, Json>
  expect(namesIn(signIn[400])).toEqual(['InvalidRequest'])
  expect(namesIn(signIn[401])).toEqual(['AccountTakedown', 'AuthFactorTokenRequired'])
  const refresh = of('com.atproto.server.refreshSession', 'post').responses as Record<string, Json>
  // What the lexicon declares stands beside what every host answers with.
  expect(namesIn(refresh[401])).toEqual(['AccountTakedown', 'AuthMissing'])
  expect(refresh[429]).toEqual({ $ref: '#/components/responses/TooManyRequests' })
  expect(methods['/xrpc/com.atproto.space.getRecord']).toBeUndefined()
})

test('parameters, bodies, errors and records are those of the lexicons', async () => {
  const session = { accept: ['session'], scopes: ['com.atproto.appPass'] }
  const document = await documentOf(
    {
      ...guestBook,
      'src/handlers/com/example/book/list.ts': '',
      ...lexicon('com.example.book.page', {
        main: {
          type: 'query',
          parameters: {
            type: 'params',
            properties: { tags: { type: 'array', items: { type: 'string' } } },
          },
          output: { encoding: 'image/*' },
        },
      }),
    },
    {
      'com.example.book.list': {
        auth: session,
        oauth: { repo: 'com.example.book.entry', action: 'create' },
        limits: [{ limit: 5, window: 3_600_000, by: 'account' }],
      },
    },
  )
  await expectValid(document)
  const list = at(document, 'paths', '/xrpc/com.example.book.list', 'get') as Json
  expect(list).toMatchObject({
    operationId: 'com.example.book.list',
    description: 'Lists what guests wrote.',
    parameters: [
      { name: 'book', in: 'query', required: true, schema: { type: 'string', format: 'did' } },
    ],
    security: [{ session: [] }, { oauth: ['repo:com.example.book.entry?action=create'] }],
  })
  expect(JSON.stringify(at(list, 'responses', '400'))).toContain('"enum":["BookNotFound",')
  expect(at(document, 'components', 'schemas', 'com.example.book.entry')).toEqual({
    description: 'What a guest wrote.',
    type: 'object',
    required: ['$type', 'text'],
    properties: {
      $type: { const: 'com.example.book.entry' },
      text: { type: 'string', maxLength: 300, 'x-maxBytes': 300 },
      tone: { $ref: '#/components/schemas/com.example.book.defs_tone' },
    },
    'x-key': 'tid',
  })
  const page = at(document, 'paths', '/xrpc/com.example.book.page', 'get')
  expect(page).toMatchObject({
    parameters: [{ schema: { type: 'array', items: { type: 'string' } } }],
    responses: { 200: { content: { 'image/*': {} } } },
  })
})

test('the same tree gives the same bytes, and a file that is behind is found out', () => {
  const root = makeProject({ ...guestBook, 'package.json': { name: 'a-book', version: '2.0.0' } })
  const run = (...args: string[]) => openapi('--root', root, ...args)
  expect(run().stdout).toMatch(/^\+ .*openapi\.json\n$/)
  const text = read(root, 'openapi.json')
  expect(JSON.parse(text).info).toEqual({ title: 'a-book', version: '2.0.0' })
  expect(run('--check')).toMatchObject({ status: 0, stdout: '' })
  put(root, lexicon('com.example.book.more', { main: { type: 'query' } }))
  expect(run('--check')).toMatchObject({ status: 1 })
  expect(read(root, 'openapi.json')).toBe(text)
})

test('a handler that only loads in workerd is told of, and described without it', () => {
  const root = makeProject({
    ...guestBook,
    'package.json': {},
    'src/handlers/com/example/book/list.ts': `import 'nowhere'\n`,
  })
  const { status, stderr } = openapi('--root', root)
  expect(status).toBe(0)
  expect(stderr).toMatch(/list\.ts warning: who may call is not known, .*nowhere/)
  expect(read(root, 'openapi.json')).toContain('/xrpc/com.example.book.list')
})
