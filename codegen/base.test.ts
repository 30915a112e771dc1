/** A project that builds on the package: only what differs from it is generated. */
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findProject } from './base.ts'
import { generate, loadChecked } from './generate.ts'
import { packageRoot } from './layout.ts'
import {
  type Files,
  guestBook,
  lexicon,
  listHandler,
  makeProject,
  read,
} from './testing/project.ts'
import { listFiles } from './tree.ts'

/** A project with the package among its dependencies, as npm would have it. */
function makeApp(files: Files): string {
  const root = makeProject({
    'package.json': { name: 'app', dependencies: { cumulus: '*' } },
    ...files,
  })
  mkdirSync(join(root, 'node_modules'))
  symlinkSync(packageRoot, join(root, 'node_modules', 'cumulus'))
  return root
}

/** A view with a definition that the package has no use for when it runs. */
const board = lexicon('com.example.book.board', {
  main: {
    type: 'query',
    output: {
      encoding: 'application/json',
      schema: {
        type: 'object',
        properties: { generator: { type: 'ref', ref: 'app.bsky.unspecced.defs#trendView' } },
      },
    },
  },
})

test('the lexicons of the package are known, and not generated again', async () => {
  const root = makeApp({ ...guestBook, ...listHandler, ...board })
  const { diagnostics, lexicons, methods } = await generate(root)
  expect(diagnostics).toEqual([])
  expect(lexicons).toBe(5)
  expect(methods.length).toBeGreaterThan(300)
  expect(listFiles(root, 'src/generated')).toEqual([
    'src/generated/collections.ts',
    'src/generated/docs.txt',
    'src/generated/method-types.ts',
    'src/generated/methods/com/example/book/board.ts',
    'src/generated/methods/com/example/book/entry.ts',
    'src/generated/methods/com/example/book/list.ts',
    'src/generated/methods/com/example/book/sign.ts',
    'src/generated/routes.ts',
    'src/generated/schemas.ts',
    'src/generated/tree.ts',
    'src/generated/types/com/example/book/board.ts',
    'src/generated/types/com/example/book/defs.ts',
    'src/generated/types/com/example/book/entry.ts',
    'src/generated/types/com/example/book/list.ts',
    'src/generated/types/com/example/book/sign.ts',
  ])
  const routes = read(root, 'src/generated/routes.ts')
  expect(routes).toContain('...base.routes')
  expect(routes).toContain("'com.example.book.list': {")
  expect(routes).not.toContain('com.atproto')
  const schemas = read(root, 'src/generated/schemas.ts')
  expect(schemas).toContain('...base.schemas')
  expect(schemas).not.toContain('com.atproto')
  const types = read(root, 'src/generated/types/com/example/book/board.ts')
  expect(types).toContain("from 'cumulus/types/app/bsky/unspecced/defs'")
})

test('what a method of the project needs of the lexicons of the package comes along', async () => {
  const handler = `import { define } from '#lex/com/example/book/board'
import { anyone } from 'cumulus'

export default define({ auth: anyone, handler: () => ({}) })
`
  const root = makeApp({ ...board, 'src/handlers/com/example/book/board.ts': handler })
  expect((await generate(root)).diagnostics).toEqual([])
  const schemas = read(root, 'src/generated/schemas.ts')
  expect(schemas).toContain("'app.bsky.unspecced.defs': () =>")
  expect(schemas).toContain('trendView:')
})

test('a handler of the project goes before the one of the package', async () => {
  const path = 'src/handlers/com/atproto/server/describeServer.ts'
  const handler = `import { define } from '#lex/com/atproto/server/describeServer'
import { anyone } from 'cumulus'

export default define({ auth: anyone, handler: () => ({ did: 'did:web:a.test', availableUserDomains: [] }) })
`
  const root = makeApp({ ...guestBook, [path]: handler })
  const { methods, diagnostics } = await loadChecked(root)
  expect(diagnostics).toEqual([])
  const of = (nsid: string) => methods.find((method) => method.nsid === nsid)
  expect(of('com.atproto.server.describeServer')).toMatchObject({
    route: { to: 'local' },
    handledBy: 'project',
    overrides: true,
  })
  expect(of('com.atproto.server.createSession')).toMatchObject({ handledBy: 'package' })
  expect(of('com.example.book.list')?.handledBy).toBeUndefined()
  await generate(root)
  const routes = read(root, 'src/generated/routes.ts')
  expect(routes).toContain("import('../handlers/com/atproto/server/describeServer.ts')")
  expect(read(root, 'src/generated/methods/com/atproto/server/describeServer.ts')).toContain(
    "export * from 'cumulus/lex/com/atproto/server/describeServer'",
  )
})

test('a command is about the project that it is run in', () => {
  const root = makeApp(guestBook)
  expect(findProject(join(root, 'lexicons', 'com'))).toBe(root)
  expect(findProject('/')).toBe(packageRoot)
})
