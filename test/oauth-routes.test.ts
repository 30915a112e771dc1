/** Every route of the OAuth provider has an entry in the table of who may call what, how often, with how much. */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { policyOf } from '../src/server/limits/path-policy.ts'

const middleware = createRequire(import.meta.url).resolve('@atproto/oauth-provider/middleware')
const folder = join(dirname(middleware), 'router')

/** As its routers name them. */
function providerRoutes(): [string, string][] {
  const source = readdirSync(folder)
    .filter((name) => name.endsWith('.js'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n')
  const found: [string, string][] = []
  for (const [, verb = '', path = ''] of source.matchAll(/router\.(\w+)\('([^']+)'/g)) {
    // `all` answers 405 to what the others leave.
    found.push([verb === 'all' ? 'GET' : verb.toUpperCase(), path])
  }
  for (const [, method = '', endpoint = ''] of source.matchAll(
    /method: '(\w+)',\s*endpoint: '([^']+)'/g,
  )) {
    found.push([method, `/@atproto/oauth-provider/~api${endpoint}`])
  }
  return found
}

test('the provider has no route without a caller, a limit and a maximum body', () => {
  const routes = providerRoutes()
  expect(routes.length).toBeGreaterThan(25)
  for (const [method, path] of routes) {
    const policy = policyOf(method, path)
    expect([method, path, policy !== undefined]).toEqual([method, path, true])
    if (method === 'POST') {
      expect([path, policy?.perFiveMinutes !== undefined]).toEqual([path, true])
      expect([path, (policy?.maxBody ?? 0) > 0]).toEqual([path, true])
    }
  }
})

test('an account page at any depth has one', () => {
  for (const path of ['/account', '/account/', '/account/a/b']) {
    expect(policyOf('GET', path)?.caller).toBe('browser')
  }
})
