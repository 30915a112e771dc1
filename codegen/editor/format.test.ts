/** Lexicons of one's own are formatted as code is; those of others stay as they came. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import biome from '../../biome.json' with { type: 'json' }
import { readRecord } from '../import-record.ts'
import { LEXICONS, lexiconPath } from '../layout.ts'
import { lexiconText } from '../lexicon-text.ts'
import { guestBook, makeProject, read } from '../testing/project.ts'
import { methods } from '../testing/wild/methods.ts'
import { records } from '../testing/wild/records.ts'

const ROOT = join(import.meta.dirname, '../..')

test('the formatter leaves out what was imported, and nothing else', () => {
  const left = biome.files.includes
    .filter((pattern) => pattern.startsWith(`!${LEXICONS}/`))
    .map((pattern) => `${pattern.slice(1)}/`)
  const imported = Object.keys(readRecord(ROOT).lexicons).map(lexiconPath)
  expect(imported.filter((path) => !left.some((folder) => path.startsWith(folder)))).toEqual([])
  const used = left.filter((folder) => imported.some((path) => path.startsWith(folder)))
  expect(used).toEqual(left)
})

test('what commands write into lexicons is formatted as the formatter does it', () => {
  const files = { ...guestBook, ...methods, ...records }
  const texts = Object.entries(files).map(([path, doc]) => [path, `${lexiconText(doc)}\n`] as const)
  const root = makeProject(Object.fromEntries(texts))
  const bin = join(ROOT, 'node_modules/.bin/biome')
  const args = ['format', '--write', '--vcs-enabled=false', '--config-path', ROOT, root]
  const { status, stderr } = spawnSync(bin, args, { encoding: 'utf8', cwd: root })
  expect(status, stderr).toBe(0)
  for (const [path, text] of texts) expect(read(root, path)).toBe(text)
})
