/** The table of docs/troubleshooting.md is that of the checks, and each check has its place. docs-operating.test.ts follows it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checks } from '../../cli/doctor/checks.ts'
import { checksTable } from '../../cli/doctor/page.ts'
import { PROJECT } from '../support/project.ts'

const page = readFileSync(join(PROJECT, 'docs/troubleshooting.md'), 'utf8')
const symptoms = page.slice(0, page.indexOf('## Checks'))
test('the table of the page is that of the checks', () => {
  expect(page).toContain(checksTable())
})

test('each check has its place at a symptom', () => {
  const missing = checks.filter(({ id }) => !symptoms.includes(`\`${id}\``)).map(({ id }) => id)
  // What is said of the host as a whole, and leads to no symptom of its own.
  expect(missing).toEqual([
    'well-known-did',
    'firehose-order',
    'relay-answers',
    'relay-behind',
    'appview-answers',
    'errors',
    'version',
  ])
})
