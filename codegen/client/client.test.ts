/** A client of a small tree: the same each time, and types that hold a front end to its lexicons. */
import { spawnSync } from 'node:child_process'
import { existsSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { generate } from '../generate.ts'
import { packageRoot } from '../layout.ts'
import { guestBook, lexicon, makeProject, put, read } from '../testing/project.ts'
import { listFiles } from '../tree.ts'
import { writeClient } from './write.ts'

const watch = lexicon('com.example.book.watch', {
  main: {
    type: 'subscription',
    parameters: { type: 'params', properties: { cursor: { type: 'integer' } } },
    message: { schema: { type: 'union', refs: ['#line'] } },
    errors: [{ name: 'FutureCursor' }],
  },
  line: {
    type: 'object',
    required: ['seq', 'text'],
    properties: { seq: { type: 'integer' }, text: { type: 'string' } },
  },
})
/** A method whose name is a namespace, too, below a name that is a word of the language. */
const delve = {
  ...lexicon('in.example.delete', { main: { type: 'query' } }),
  ...lexicon('in.example.delete.all', { main: { type: 'procedure' } }),
  ...lexicon('in.example.delete.profile', {
    main: {
      type: 'record',
      key: 'literal:self',
      record: { type: 'object', properties: { picture: { type: 'blob' } } },
    },
  }),
}

const client = (root: string, namespaces: string[] = [], out = 'client', check = false) =>
  writeClient(root, { namespaces, out, extension: '.ts', check })

const filesOf = (root: string, folder = 'client') =>
  Object.fromEntries(listFiles(root, folder).map((path) => [path, read(root, path)]))

/** What a front end writes; each line that must not compile says so. */
const USE = `
import type { Agent } from '@atproto/lex'
import { type com, createClient } from './client/index.ts'

declare const session: Agent
const client = createClient(session)
const { book } = client.com.example

export async function use(): Promise<string[]> {
  const { pages } = await book.list({ book: 'did:web:example.com' })
  // @ts-expect-error a parameter is missing
  await book.list({})
  // @ts-expect-error nothing is given
  await book.list()
  // @ts-expect-error no such parameter
  await book.list({ book: 'did:web:example.com', color: 1 })
  await book.sign({ text: 'hello' }, { signal: AbortSignal.timeout(1000) })
  // @ts-expect-error a text is text
  await book.sign({ text: 1 })

  const { uri } = await book.entry.create({ text: 'hello' })
  // @ts-expect-error a record without its text
  await book.entry.create({ tone: { loud: true } })
  const { value } = await book.entry.get(uri)
  const entry: com.example.book.entry.Main = value
  await book.entry.put({ ...entry, text: 'hi' }, { rkey: '3jzfcijpj2z2a' })
  await book.entry.delete(uri)
  // @ts-expect-error which?
  await book.entry.delete()
  const texts: string[] = []
  for await (const record of book.entry.all({ repo: 'alice.test' })) {
    if (record.valid) texts.push(record.value.text)
  }
  for await (const message of book.watch({ cursor: 1 })) {
    if (message.$type === 'com.example.book.watch#line') texts.push((message as com.example.book.watch.Line).text)
    break
  }
  await client.in.example.delete.$main()
  await client.in.example.delete.all()
  const picture = await client.uploadBlob(new Blob(['x'], { type: 'image/png' }))
  await client.in.example.delete.profile.put({ picture })
  const self = await client.in.example.delete.profile.get()
  return [...texts, String(self.value.picture), String(pages[0]?.next)]
}

export function explain(error: unknown): 'none' | 'BookNotFound' | 'FutureCursor' {
  if (book.list.isError(error, 'BookNotFound')) return error.error
  // @ts-expect-error no such error
  if (book.list.isError(error, 'BookLost')) return 'none'
  if (book.watch.isError(error)) return error.error
  return 'none'
}
`

const tree = { ...guestBook, ...watch, ...delve }

test('a front end that keeps to the lexicons compiles, and others do not', async () => {
  const root = makeProject({
    ...tree,
    'use.ts': USE,
    'package.json': { type: 'module' },
    'tsconfig.json': {
      extends: join(packageRoot, 'tsconfig.json'),
      compilerOptions: {
        lib: ['ES2024', 'DOM', 'DOM.Iterable'],
        types: [],
        noUnusedLocals: true,
      },
      include: ['use.ts', 'client'],
    },
  })
  symlinkSync(join(packageRoot, 'node_modules'), join(root, 'node_modules'))
  expect((await client(root)).namespaces).toEqual(['com.example', 'in.example'])
  const tsc = join(packageRoot, 'node_modules/typescript/bin/tsc')
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', '.'], {
    cwd: root,
    encoding: 'utf8',
  })
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
})

test('a client has its namespaces, what they refer to, and the same bytes each time', async () => {
  const root = makeProject({ ...tree, 'client/mine.ts': 'export const mine = 1\n' })
  await client(root, ['com.example.book'])
  const first = filesOf(root)
  expect(Object.keys(first)).toContain('client/lexicons/com/example/book/defs.defs.ts')
  expect(Object.keys(first).join()).not.toContain('lexicons/in')
  expect((await client(root, ['com.example.book'])).changes).toEqual([])
  await client(root, ['com.example.book'], 'other')
  const other = Object.entries(filesOf(root, 'other'))
  expect([...other.map(([path, text]) => [path.replace('other/', 'client/'), text])]).toEqual(
    Object.entries(first).filter(([path]) => path !== 'client/mine.ts'),
  )

  put(root, lexicon('com.example.book.sign', { main: { type: 'procedure' } }))
  const { changes } = await client(root, ['com.example.book'], 'client', true)
  expect(changes).toContainEqual({
    path: 'lexicons/com/example/book/sign.defs.ts',
    change: 'changed',
  })
  expect(filesOf(root)).toEqual(first)

  await client(root, ['in.example'])
  expect(existsSync(join(root, 'client/lexicons/com'))).toBe(false)
  expect(read(root, 'client/mine.ts')).toBe('export const mine = 1\n')
})

test('a folder with generated files of another kind loses none of them', async () => {
  const root = makeProject(tree)
  await generate(root)
  const before = filesOf(root, 'src')
  await client(root, ['com.example'], 'src')
  expect(filesOf(root, 'src')).toMatchObject(before)
})

test('what cannot be made is said in a sentence', async () => {
  const root = makeProject({ ...tree, 'mine/index.ts': 'export const mine = 1\n' })
  await expect(client(root, ['com.exmaple'])).rejects.toThrow('did you mean "com.example"?')
  await expect(client(root, [], 'mine')).rejects.toThrow('mine/index.ts is no generated file')
  expect(read(root, 'mine/index.ts')).toBe('export const mine = 1\n')
})

test('a client whose libraries are missing, or of another series, is told of the right ones', async () => {
  const root = makeProject(tree)
  const installed = (versions: Record<string, string>) => {
    for (const [name, version] of Object.entries(versions))
      put(root, { [`node_modules/${name}/package.json`]: { version } })
  }
  const lacking = async () =>
    (await client(root, [], 'web/client')).unfit.map(({ name, installed: one }) => [name, one])
  expect(await lacking()).toEqual([
    ['@atproto/lex', undefined],
    ['@atproto/ws-client', undefined],
    ['@atproto/lex-cbor', undefined],
  ])
  installed({
    ...manifest.devDependencies,
    '@atproto/lex': '0.2.99',
    '@atproto/lex-cbor': manifest.dependencies['@atproto/lex-cbor'],
  })
  expect(await lacking()).toEqual([['@atproto/lex', '0.2.99']])
  installed({ '@atproto/lex': manifest.devDependencies['@atproto/lex'].replace(/\d+$/, '999') })
  expect(await lacking()).toEqual([])
  installed({ '@atproto/lex': '1.0.0' })
  expect(await lacking()).toEqual([['@atproto/lex', '1.0.0']])
})

test('the command lists what it wrote, and nothing when there is nothing new', () => {
  const root = makeProject(guestBook)
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(packageRoot, 'codegen/cli.ts'), 'client', ...args], {
      cwd: root,
      encoding: 'utf8',
    })
  const { '@atproto/lex': version } = manifest.devDependencies
  put(root, { 'node_modules/@atproto/lex/package.json': { version: '0.0.26' } })
  const first = run('--root', root, '--namespace', 'com.example.*')
  expect(first.stderr).toBe(
    `The client needs @atproto/lex ${version} (0.0.26 is installed): npm install @atproto/lex@${version}\n`,
  )
  put(root, { 'node_modules/@atproto/lex/package.json': { version } })
  expect(run('--root', root, '--namespace', 'com.example.*').stderr).toBe('')
  expect(first.stdout).toMatch(/^\+ client\/client\.ts\n[\s\S]* added \(com\.example, /)
  expect(run('--root', root, '--check')).toMatchObject({ status: 0, stdout: '' })
  expect(run('--root', root, '--import-ext', '.mjs').status).toBe(2)
})
