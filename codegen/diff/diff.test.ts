import { execFileSync, spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { UsageError } from '../errors.ts'
import {
  type Files,
  guestBook,
  lexicon,
  listHandler,
  makeProject,
  put,
  read,
} from '../testing/project.ts'
import { diffLexicons } from './diff.ts'

/** A project whose lexicons are committed. */
function committed(files: Files = { ...guestBook, ...listHandler }): string {
  const root = makeProject(files)
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, stdio: 'pipe' })
  git('init', '--quiet')
  git('add', '.')
  git('-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '--quiet', '-m', 'x')
  return root
}

function edit(root: string, path: string, change: (text: string) => string): void {
  put(root, { [path]: change(read(root, path)) })
}

test('what a stranger wrote gives no orders to a terminal', () => {
  const root = committed()
  edit(root, 'lexicons/com/example/book/entry.json', (text) =>
    text.replace('"maxLength": 300', '"const": "\\u001b[2J\\u009b\\u202e"'),
  )
  const cli = join(import.meta.dirname, '../cli.ts')
  for (const options of [[], ['--json']]) {
    const args = [cli, 'diff', ...options, '--root', root]
    const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    expect(stdout).toContain('\\u001b[2J')
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  }
})

test('nothing changed, nothing to say', async () => {
  expect(await diffLexicons(committed(), 'HEAD')).toEqual({ changes: [], diagnostics: [] })
})

test('a break has its place, and the handlers that it touches', async () => {
  const root = committed()
  edit(root, 'lexicons/com/example/book/defs.json', (text) =>
    text.replace('"type": "string"', '"type": "integer"'),
  )
  const { changes } = await diffLexicons(root, 'HEAD')
  expect(changes).toEqual([
    {
      impact: 'breaking',
      nsid: 'com.example.book.defs',
      file: 'lexicons/com/example/book/defs.json',
      line: 17,
      column: 19,
      path: 'defs.page.properties.next.type',
      message: 'type changed from string to integer',
      handlers: ['src/handlers/com/example/book/list.ts'],
      collections: [],
    },
  ])
})

const collection = {
  'src/collections/com/example/book/entry.ts': `import { collection } from '#lex/com/example/book/entry'

export default collection({
  index: { byText: ['text'], byTone: ['tone.loud', '@did'] },
  search: ['text'],
  afterWrite() {},
})
`,
}

test.each<[string, string, (text: string) => string, object]>([
  [
    'went away',
    'entry',
    (text) => text.replace(/"text": \{[^}]*\},/, '').replace(/"required": \[[^\]]*\],/, ''),
    {
      indexes: [
        { name: 'byText', place: 'text', effect: 'gone' },
        { name: 'search', place: 'text', effect: 'gone' },
      ],
    },
  ],
  [
    'changed',
    'defs',
    (text) => text.replace('"boolean"', '"integer"'),
    { indexes: [{ name: 'byTone', place: 'tone.loud', effect: 'changed' }] },
  ],
  [
    'is in no index',
    'entry',
    (text) => text.replace('"text": {', '"more": { "type": "string" }, "text": {'),
    { indexes: [] },
  ],
])(
  'a change of a place in records names the indexes and hooks: it %s',
  async (...[, name, change, wanted]) => {
    const root = committed({ ...guestBook, ...listHandler, ...collection })
    edit(root, `lexicons/com/example/book/${name}.json`, change)
    const { changes } = await diffLexicons(root, 'HEAD')
    const at = changes.find(({ path }) => path.includes('properties'))
    expect(at?.collections).toEqual([
      {
        file: 'src/collections/com/example/book/entry.ts',
        hooks: ['afterWrite'],
        ...wanted,
      },
    ])
  },
)

test('the command says which indexes and hooks a change touches', () => {
  const root = committed({ ...guestBook, ...collection })
  edit(root, 'lexicons/com/example/book/defs.json', (text) =>
    text.replace('"boolean"', '"integer"'),
  )
  const cli = join(import.meta.dirname, '../cli.ts')
  const { stdout } = spawnSync(process.execPath, [cli, 'diff', '--root', root], {
    encoding: 'utf8',
  })
  expect(stdout).toContain(
    'touches src/collections/com/example/book/entry.ts: index byTone is made of tone.loud, afterWrite\n',
  )
})

test('a handler that imports the types of a record is touched by its change', async () => {
  const root = committed()
  const handler = 'src/handlers/com/example/book/list.ts'
  edit(root, 'lexicons/com/example/book/entry.json', (text) => text.replace('300', '200'))
  expect((await diffLexicons(root, 'HEAD')).changes[0]?.handlers).toEqual([])
  edit(root, handler, (text) => `import { isRecord } from '#types/com/example/book/entry'\n${text}`)
  expect((await diffLexicons(root, 'HEAD')).changes[0]?.handlers).toEqual([handler])
})

test('breaks come first, and removed lexicons are among them', async () => {
  const root = committed()
  put(root, lexicon('com.example.a', { main: { type: 'token' } }))
  rmSync(join(root, 'lexicons/com/example/book/sign.json'))
  const { changes } = await diffLexicons(root, 'HEAD')
  expect(changes.map(({ impact, nsid, line }) => [impact, nsid, line])).toEqual([
    ['breaking', 'com.example.book.sign', undefined],
    ['fine', 'com.example.a', 1],
  ])
})

test('lexicons that do not pass the checks are reported instead', async () => {
  const root = committed()
  put(root, { 'lexicons/com/example/book/sign.json': '{' })
  const { changes, diagnostics } = await diffLexicons(root, 'HEAD')
  expect(changes).toEqual([])
  expect(diagnostics).toHaveLength(1)
})

test.each(['nonsense', '--output=x', 'HEAD~7', ''])(
  'a bad ref is told in a sentence: %s',
  async (ref) => {
    await expect(diffLexicons(committed(), ref)).rejects.toThrow(
      new UsageError(`"${ref}" is not a commit, branch or tag of this repository`),
    )
  },
)

test('a folder that is no repository is told in a sentence', async () => {
  await expect(diffLexicons(makeProject(guestBook), 'HEAD')).rejects.toThrow(
    /the project is in no repository: git init/,
  )
})
