/** An error has one status: that of its name, which the OpenAPI document tells as well. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listFiles } from '../codegen/tree.ts'
import { statusOf } from '../src/kernel/error-status.ts'
import { PROJECT } from './support/project.ts'

/** Statuses of the classes of `@atproto/xrpc-server` that have one. */
const CLASSES: Readonly<Record<string, number>> = {
  InvalidRequestError: 400,
  AuthRequiredError: 401,
  ForbiddenError: 403,
}

/** `new XRPCError(413, …, 'PayloadTooLarge')`, `new ForbiddenError(…, 'ScopeMissingError')`, on one line or several. */
const WRITTEN =
  /new (XRPCError|InvalidRequestError|AuthRequiredError|ForbiddenError)\(\s*(?:(\d{3}),\s*)?(?:(?!new )[^;])*?,\s*'(\w+)',?\s*(?:\{ cause \},?\s*)?\)/g
/** `new StorageError('NotFound', …, 404)` */
const STORED = /new StorageError\(\s*'(\w+)',(?:(?!new )[^;])*?,\s*(\d{3}),?\s*\)/g

/** Of methods that do not declare it, or not on the wire: OAuth has names of its own; who signed a service token, or whose records are written; a host name that is a handle. */
const ELSEWHERE: readonly string[] = [
  '401 InvalidToken src/durable/oauth/tokens.ts',
  '403 AccountNotFound src/server/auth/service-token.ts',
  '403 AccountNotFound src/services/records/repositories.ts',
  '404 NotFound src/server/host-name.ts',
]

/** Names that lexicons declare. */
function declaredNames(): Set<string> {
  const names = listFiles(PROJECT, 'lexicons').flatMap((path) => {
    const { defs } = JSON.parse(readFileSync(join(PROJECT, path), 'utf8')) as {
      defs: { main?: { errors?: { name: string }[] } }
    }
    return defs.main?.errors?.map(({ name }) => name) ?? []
  })
  return new Set(names)
}

test('an error that a lexicon declares is answered with the status of its name, wherever it is thrown', () => {
  const declared = declaredNames()
  const found = listFiles(PROJECT, 'src')
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .flatMap((path) => {
      const text = readFileSync(join(PROJECT, path), 'utf8')
      const thrown = [...text.matchAll(WRITTEN)].map(([, type = '', status, name = '']) => ({
        name,
        status: CLASSES[type] ?? Number(status),
      }))
      const stored = [...text.matchAll(STORED)].map(([, name = '', status]) => ({
        name,
        status: Number(status),
      }))
      return [...thrown, ...stored].map((one) => ({ path, ...one }))
    })
    .filter(({ name }) => declared.has(name))
  expect(found.length).toBeGreaterThan(20)
  const others = found
    .filter(({ name, status }) => status !== statusOf(name))
    .map(({ path, name, status }) => `${status} ${name} ${path}`)
  expect(others.sort()).toEqual(ELSEWHERE)
})
