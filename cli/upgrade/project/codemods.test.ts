/** What an upgrade changes in the files of a project. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parse } from '@decimalturn/toml-patch'
import { expect, onTestFinished, test } from 'vitest'
import { PACKAGE_ROOT } from '../../host/bundle.ts'
import { migrateProject } from './codemods.ts'
import { addToWranglerConfig } from './wrangler-config.ts'

const PACKAGE_CONFIG = readFileSync(join(PACKAGE_ROOT, 'wrangler.toml'), 'utf8')

function makeProject(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'cumulus-codemods-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

test('what a fork imported from the server is imported by the name of the package', () => {
  const handler = `import { define } from '#lex/com/example/book/list'
import { mayCall } from '#src/server/auth/oauth-rule.ts'
import { session as signedIn } from '#src/server/auth/policy.ts'
import type { Services } from '#src/context/services.ts'
import { secretPart } from '#src/services/accounts/passwords.ts'

export default define({ auth: signedIn, oauth: mayCall('com.example.book.list'), handler: () => ({}) })
`
  const root = makeProject({
    'src/handlers/com/example/book/list.ts': handler,
    'src/handlers/com/example/book/list.test.ts': `import { callAs, makeAccount } from '#src/testing/host.ts'\n`,
    'src/generated/routes.ts': `import { session } from '#src/server/auth/policy.ts'\n`,
  })
  const { files, titles } = migrateProject(root, PACKAGE_ROOT, '0.1.0')
  expect(titles).toEqual(['files import the package by its name'])
  expect(files).toEqual([
    'src/handlers/com/example/book/list.test.ts',
    'src/handlers/com/example/book/list.ts',
  ])
  const text = readFileSync(join(root, 'src/handlers/com/example/book/list.ts'), 'utf8')
  expect(text).toMatch(
    /import \{ mayCall, session as signedIn, type Services \} from ['"]cumulus['"]/,
  )
  // Nothing public is called so: it is for a person to decide.
  expect(text).toContain("import { secretPart } from '#src/services/accounts/passwords.ts'")
  const tests = readFileSync(join(root, 'src/handlers/com/example/book/list.test.ts'), 'utf8')
  expect(tests).toContain("from 'cumulus/testing'")
  expect(migrateProject(root, PACKAGE_ROOT, '0.1.0').files).toEqual([])
})

test('changes of versions that a project is past are left out', () => {
  const text = `import { session } from '#src/server/auth/policy.ts'\n`
  const root = makeProject({ 'src/handlers/a.ts': text })
  expect(migrateProject(root, PACKAGE_ROOT, '0.2.0')).toEqual({ titles: [], files: [] })
  expect(readFileSync(join(root, 'src/handlers/a.ts'), 'utf8')).toBe(text)
})

test('kinds of objects that the package has are bound and migrated; all else stays', () => {
  const project = `name = "my-app" # mine
main = "src/worker.ts"

[[durable_objects.bindings]]
name = "ACCOUNTS"
class_name = "AccountObject"

[[durable_objects.bindings]]
name = "COUNTERS"
class_name = "CounterObject"

[[migrations]]
tag = "v1"
new_sqlite_classes = ["AccountObject", "DirectoryObject", "SequencerObject"]

[[migrations]]
tag = "v2"
new_sqlite_classes = ["CounterObject"]
`
  const { text, names } = addToWranglerConfig(project, PACKAGE_CONFIG)
  expect(names).toContain('OAuthObject')
  expect(text).toContain('name = "my-app" # mine')
  const config = parse(text) as {
    durable_objects: { bindings: { name: string }[] }
    migrations: { tag: string; new_sqlite_classes: string[] }[]
  }
  const bound = config.durable_objects.bindings.map(({ name }) => name)
  expect(bound).toEqual(expect.arrayContaining(['ACCOUNTS', 'COUNTERS', 'OAUTH', 'SEQUENCER']))
  expect(new Set(bound).size).toBe(bound.length)
  expect(config.migrations.slice(0, 2)).toEqual([
    { tag: 'v1', new_sqlite_classes: ['AccountObject', 'DirectoryObject', 'SequencerObject'] },
    { tag: 'v2', new_sqlite_classes: ['CounterObject'] },
  ])
  const made = config.migrations.flatMap(({ new_sqlite_classes }) => new_sqlite_classes)
  expect(new Set(made).size).toBe(made.length)
  expect(new Set(config.migrations.map(({ tag }) => tag)).size).toBe(config.migrations.length)
  expect(addToWranglerConfig(text, PACKAGE_CONFIG)).toEqual({ text, names: [] })
})

test('objects take over the code of a release at once, unless the project has decided otherwise', () => {
  const config = `name = "my-app"

[[durable_objects.bindings]]
name = "COUNTERS"
class_name = "CounterObject"

[[migrations]]
tag = "v1"
new_sqlite_classes = ["CounterObject"]
`
  const strategyIn = (text: string) =>
    (parse(text) as { durable_objects: { code_update_strategy: object } }).durable_objects
      .code_update_strategy
  const { text, names } = addToWranglerConfig(config, PACKAGE_CONFIG)
  expect(names).toContain('code_update_strategy')
  expect(strategyIn(text)).toEqual({ mode: 'immediate' })
  const decided = `${config}
[durable_objects.code_update_strategy]
mode = "deferred"
max_delay = 30
`
  const other = addToWranglerConfig(decided, PACKAGE_CONFIG)
  expect(other.names).not.toContain('code_update_strategy')
  expect(strategyIn(other.text)).toEqual({ mode: 'deferred', max_delay: 30 })
})
