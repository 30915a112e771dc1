/** Small projects in temporary folders, for tests. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { lexiconPath } from '../layout.ts'

/** Files by path; objects are written as JSON. */
export type Files = Record<string, string | object>

/** Writes `files` below a new folder, which goes when the test ends. */
export function makeProject(files: Files): string {
  const root = mkdtempSync(join(tmpdir(), 'codegen-test-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  put(root, files)
  return root
}

export function put(root: string, files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    const text = typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`
    writeFileSync(join(root, path), text)
  }
}

export const read = (root: string, path: string): string => readFileSync(join(root, path), 'utf8')

/** A lexicon file: path and document. */
export const lexicon = (id: string, defs: object): Files => ({
  [lexiconPath(id)]: { lexicon: 1, id, defs },
})

/** A record with one string. */
export const entry = lexicon('com.example.book.entry', {
  main: {
    type: 'record',
    description: 'What a guest wrote.',
    key: 'tid',
    record: {
      type: 'object',
      required: ['text'],
      properties: {
        text: { type: 'string', maxLength: 300 },
        tone: { type: 'ref', ref: 'com.example.book.defs#tone' },
      },
    },
  },
})

/** Shared defs: one that the record uses, one that only the query uses. */
export const defs = lexicon('com.example.book.defs', {
  tone: { type: 'object', properties: { loud: { type: 'boolean' } } },
  page: { type: 'object', properties: { next: { type: 'string' } } },
})

/** A query with a parameter, an output and an error. */
export const list = lexicon('com.example.book.list', {
  main: {
    type: 'query',
    description: 'Lists what guests wrote.',
    parameters: {
      type: 'params',
      required: ['book'],
      properties: { book: { type: 'string', format: 'did' } },
    },
    output: {
      encoding: 'application/json',
      schema: {
        type: 'object',
        required: ['pages'],
        properties: {
          pages: {
            type: 'array',
            items: { type: 'ref', ref: 'com.example.book.defs#page' },
          },
        },
      },
    },
    errors: [{ name: 'BookNotFound' }],
  },
})

/** A procedure that takes JSON and answers nothing. */
export const sign = lexicon('com.example.book.sign', {
  main: {
    type: 'procedure',
    input: {
      encoding: 'application/json',
      schema: {
        type: 'object',
        required: ['text'],
        properties: { text: { type: 'string' } },
      },
    },
  },
})

/** The whole guest book. */
export const guestBook: Files = { ...entry, ...defs, ...list, ...sign }

/** A handler for the query. */
export const listHandler: Files = {
  'src/handlers/com/example/book/list.ts': `import { define } from '#lex/com/example/book/list'
import { anyone } from '#src/server/auth/policy.ts'

export default define({ auth: anyone, handler: () => ({ pages: [] }) })
`,
}
