/**
 * `npm run disposable-domains`: writes the mail domains that are known for addresses that last a moment, a line each, from the
 * list of `disposable-email-domains-js`. As text the Worker has it beside its code, and reads it only when somebody changes an
 * address; with `--check`, only compares.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { PACKAGE_ROOT } from './host/bundle.ts'

const LIST = 'disposable-email-domains-js/dist/dict/disposable_email_blocklist.json'

const path = join(PACKAGE_ROOT, 'src', 'services', 'accounts', 'disposable-domains.txt')
const domains: string[] = JSON.parse(
  readFileSync(createRequire(import.meta.url).resolve(LIST), 'utf8'),
)
// Each between two line breaks, by which it is found.
const text = `\n${domains.toSorted().join('\n')}\n`
if (process.argv.includes('--check')) {
  if (readFileSync(path, 'utf8') !== text) {
    process.stderr.write(
      `${path.slice(PACKAGE_ROOT.length + 1)} is out of date: npm run disposable-domains\n`,
    )
    process.exitCode = 1
  }
} else {
  writeFileSync(path, text)
}
