/** `npm run docs:configuration`: writes docs/configuration.md; with `--check`, only compares. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PACKAGE_ROOT } from './host/bundle.ts'
import { settingsPage } from './settings/help.ts'

const path = join(PACKAGE_ROOT, 'docs', 'configuration.md')
const page = settingsPage()
if (process.argv.includes('--check')) {
  if (readFileSync(path, 'utf8') !== page) {
    process.stderr.write('docs/configuration.md is out of date: npm run docs:configuration\n')
    process.exitCode = 1
  }
} else {
  writeFileSync(path, page)
}
