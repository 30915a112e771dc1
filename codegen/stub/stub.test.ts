import { spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { UsageError } from '../errors.ts'
import { loadChecked } from '../generate.ts'
import { checkHandler } from '../handlers/check.ts'
import { readHandler } from '../handlers/read.ts'
import { packageRoot } from '../layout.ts'
import { guestBook, makeProject, put, read } from '../testing/project.ts'
import { newHandler } from './new-handler.ts'
import { stubFiles } from './stub.ts'

const HANDLER = 'src/handlers/com/example/book/list.ts'

test('a stub says what the lexicon takes, returns and declares', async () => {
  const root = makeProject(guestBook)
  const { created, generated } = await newHandler(root, 'com.example.book.list')
  expect(created).toEqual([HANDLER, HANDLER.replace('.ts', '.test.ts')])
  expect(generated.diagnostics).toEqual([])
  expect(read(root, HANDLER)).toContain(`/**
 * Lists what guests wrote.
 *
 * Parameters: book: string (did).
 *
 * Returns application/json: { pages: com.example.book.defs#page[] }.
 *
 * Errors: BookNotFound.
 */`)
  expect(read(root, HANDLER)).toContain(
    "  auth: session,\n  oauth: mayCall('com.example.book.list'),\n",
  )
  expect(read(root, 'src/generated/routes.ts')).toContain(
    "import('../handlers/com/example/book/list.ts')",
  )
})

test('nothing is overwritten, neither handler nor test', async () => {
  const root = makeProject({ ...guestBook, [HANDLER.replace('.ts', '.test.ts')]: 'mine' })
  await expect(newHandler(root, 'com.example.book.list')).rejects.toThrow(
    new UsageError(`${HANDLER.replace('.ts', '.test.ts')} exists already`),
  )
  expect(() => read(root, HANDLER)).toThrow()
  put(root, { [HANDLER]: 'mine' })
  await expect(newHandler(root, 'com.example.book.list')).rejects.toThrow('exists already')
  expect(read(root, HANDLER)).toBe('mine')
})

test.each([
  [
    'com.example.book.lsit',
    'no method is called "com.example.book.lsit" - did you mean "com.example.book.list"?',
  ],
  [
    'org.else.thing',
    'no method is called "org.else.thing"; it would be lexicons/org/else/thing.json',
  ],
])('an NSID without method is refused: %s', async (nsid, message) => {
  await expect(newHandler(makeProject(guestBook), nsid)).rejects.toThrow(new UsageError(message))
})

test('lexicons with errors are reported, and nothing is created', async () => {
  const root = makeProject({ ...guestBook, 'lexicons/com/example/broken.json': '{' })
  const { created, generated } = await newHandler(root, 'com.example.book.list')
  expect(created).toEqual([])
  expect(generated.diagnostics).toHaveLength(1)
})

test('the stubs of all official methods compile and pass the checks of handlers', async () => {
  const { lexicons = [], methods } = await loadChecked(packageRoot)
  const types = new Map(lexicons.map(({ nsid, doc }) => [nsid, doc.defs.main?.type]))
  const root = makeProject({
    'package.json': JSON.parse(read(packageRoot, 'package.json')),
    'tsconfig.json': {
      extends: join(packageRoot, 'tsconfig.json'),
      compilerOptions: { preserveSymlinks: true },
      include: ['stubs'],
    },
  })
  symlinkSync(join(packageRoot, 'src'), join(root, 'src'))
  symlinkSync(join(packageRoot, 'node_modules'), join(root, 'node_modules'))
  for (const [index, method] of methods.entries()) {
    for (const { path, code } of stubFiles(method)) {
      put(root, { [path.replace('src/handlers', 'stubs')]: code })
      if (index > 5 || path.endsWith('.test.ts')) continue
      const file = { path, nsid: method.nsid, text: code }
      expect(checkHandler(file, readHandler(path, code), types)).toEqual([])
    }
  }
  expect(errorsIn(root, 'stubs')).toEqual([])

  put(root, { 'stubs/wrong.ts': 'export const wrong: number = "string"\n' })
  expect(errorsIn(root, 'stubs')).toHaveLength(1)
})

/** The compiler's errors in a folder; the rest of the checkout is not what is tested here. */
function errorsIn(root: string, folder: string): string[] {
  const tsc = join(packageRoot, 'node_modules/typescript/bin/tsc')
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', '.'], { cwd: root, encoding: 'utf8' })
  return stdout.split('\n').filter((line) => line.startsWith(`${folder}/`))
}
