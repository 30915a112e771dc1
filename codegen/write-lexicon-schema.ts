/** `npm run docs:lexicon-schema`: writes lexicon.schema.json, for editors; with `--check`, only compares. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lexiconSchema } from './editor/schema.ts'
import { lexiconText } from './lexicon-text.ts'
import { readText } from './tree.ts'

const path = join(import.meta.dirname, '..', 'lexicon.schema.json')
const text = `${lexiconText(lexiconSchema())}\n`
if (!process.argv.includes('--check')) writeFileSync(path, text)
else if (readText(path) !== text) {
  process.stderr.write('lexicon.schema.json is out of date: npm run docs:lexicon-schema\n')
  process.exitCode = 1
}
