import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { generate } from './generate.ts'
import { packageRoot } from './layout.ts'
import { guestBook, makeProject, put, read } from './testing/project.ts'
import { CODE, PACKAGES, ProjectState } from './unchanged.ts'

/** A project of which a run found that there is nothing to do. */
async function settledProject(): Promise<string> {
  const root = makeProject(guestBook)
  await generate(root)
  expect(new ProjectState(root).isSettled).toBe(false)
  new ProjectState(root).settle()
  expect(new ProjectState(root).isSettled).toBe(true)
  return root
}

const ENTRY = 'lexicons/com/example/book/entry.json'
const ROUTES = 'src/generated/routes.ts'

test.each<[string, (root: string) => void]>([
  ['a lexicon', (root) => put(root, { [ENTRY]: `${read(root, ENTRY)} ` })],
  ['a lexicon that is gone', (root) => rmSync(join(root, ENTRY))],
  ['another lexicon', (root) => put(root, { 'lexicons/com/example/a.json': '{}' })],
  ['a file of lexicons that begins with a dot', (root) => put(root, { 'lexicons/.a.json': '' })],
  ['another handler', (root) => put(root, { 'src/handlers/com/example/a.ts': '' })],
  ['another collection', (root) => put(root, { 'src/collections/com/example/a.ts': '' })],
  ['a migration', (root) => put(root, { 'src/app/host/0001-a.sql': '' })],
  ['a job', (root) => put(root, { 'src/jobs/a.ts': '' })],
  ['routes', (root) => put(root, { 'src/routing/policy.ts': 'export const rules = []' })],
  ['dependencies', (root) => put(root, { 'package.json': '{}' })],
  ['a generated file', (root) => put(root, { [ROUTES]: `${read(root, ROUTES)} ` })],
  ['a generated file that is gone', (root) => rmSync(join(root, ROUTES))],
  ['a file beside generated ones', (root) => put(root, { 'src/generated/own.ts': '' })],
  [
    'a symbolic link, whatever it leads to',
    (root) => symlinkSync('entry.json', join(root, dirname(ENTRY), 'other.json')),
  ],
])('%s is a change', async (_, change) => {
  const root = await settledProject()
  change(root)
  const state = new ProjectState(root)
  expect(state.isSettled).toBe(false)
})

test('what is as it was before is no change', async () => {
  const root = await settledProject()
  const text = read(root, ENTRY)
  put(root, { [ENTRY]: 'something else' })
  put(root, { [ENTRY]: text })
  expect(new ProjectState(root).isSettled).toBe(true)
})

test('what changes during a run is not remembered, as it was or as it is', async () => {
  const root = makeProject(guestBook)
  await generate(root)
  const state = new ProjectState(root)
  const text = read(root, ENTRY)
  put(root, { [ENTRY]: `${text} ` })
  state.settle()
  expect(new ProjectState(root).isSettled).toBe(false)
  put(root, { [ENTRY]: text })
  expect(new ProjectState(root).isSettled).toBe(false)
})

test('a project with a symbolic link is not remembered', async () => {
  const root = makeProject(guestBook)
  symlinkSync(join(root, 'package.json'), join(root, 'lexicons/link.json'))
  new ProjectState(root).settle()
  expect(new ProjectState(root).isSettled).toBe(false)
})

test('all code that decides is looked at, and all packages', () => {
  const seen = new Set<string>()
  const packages = new Set<string>()
  const visit = (file: string): void => {
    // A name in a template of generated code is none of a file.
    if (seen.has(file) || !existsSync(file)) return
    seen.add(file)
    for (const [, , , from, loaded] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      const name = from ?? loaded ?? ''
      if (name.startsWith('.')) visit(join(dirname(file), name))
      else if (!name.startsWith('node:')) packages.add(name)
    }
  }
  visit(join(packageRoot, 'codegen/generate.ts'))
  visit(join(packageRoot, 'src/server/auth/policy.ts'))
  const outside = [...seen]
    .map((file) => file.slice(packageRoot.length + 1))
    .filter((file) => !CODE.some((path) => file === path || file.startsWith(`${path}/`)))
  expect(seen.size).toBeGreaterThan(60)
  expect(outside, 'name them in CODE').toEqual([])
  const real = [...packages].filter((name) => existsSync(join(packageRoot, 'node_modules', name)))
  expect([...real, 'ts-morph'].sort(), 'name them in PACKAGES').toEqual([...PACKAGES].sort())
})

/** Statements that import more than types, and calls. */
const IMPORT =
  /^(?:import|export)\b(?! type\b)(([^'"]|"[^"]*")*?)\bfrom '([^']+)'|import\('([^']+)'\)/gm
