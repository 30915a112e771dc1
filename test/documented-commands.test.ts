/** Commands that the documentation shows: there are such, with these options; those in blocks are typed by some test. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ArgsDef } from 'citty'
import { describe, expect, test } from 'vitest'
import cumulus from '../cli/commands/cumulus.ts'
import { findCommand } from '../cli/terminal/program.ts'
import manifest from '../package.json' with { type: 'json' }
import { commandsOf, PAGES } from './support/page-commands.ts'
import { PROJECT } from './support/project.ts'

/** In blocks of shell commands, and in code within the text. */
const commands = PAGES.flatMap((page) => {
  const text = readFileSync(join(PROJECT, page), 'utf8')
  const shown = [...text.matchAll(/(?:^|`|\s)(?:npx|sudo) cumulus((?: +[^\s`#&|]+)*)/gm)]
  return shown.map(([, words = '']) => ({ page, line: words.trim() }))
})

test('there are such commands in the documentation', () => {
  expect(commands.length).toBeGreaterThan(30)
})

test.each(commands)('$page: npx cumulus $line', async ({ line }) => {
  const words = line.split(/\s+/).filter(Boolean)
  const { command, rest } = await findCommand(cumulus, words)
  const options = rest
    .filter((word) => word.startsWith('--'))
    .map((word) => word.slice(2).split('=')[0] ?? '')
  const args = (command.args ?? {}) as ArgsDef
  const known = ['help', ...Object.keys(args)]
  expect(options.filter((option) => !known.includes(option))).toEqual([])
})

test('libraries that the documentation names with a version are those that are tested with', () => {
  const tested: Record<string, string> = { ...manifest.dependencies, ...manifest.devDependencies }
  const named = PAGES.flatMap((page) =>
    [
      ...readFileSync(join(PROJECT, page), 'utf8').matchAll(
        /(@[\w-]+\/[\w.-]+|\b[\w.-]+)@(\d+\.\d+\.\d+)/g,
      ),
    ].flatMap(([, name = '', version]) => (name in tested ? [{ page, name, version }] : [])),
  )
  expect(named.map(({ name }) => name)).toContain('@atproto/lex')
  for (const { page, name, version } of named) {
    expect({ page, name, version }).toEqual({ page, name, version: tested[name] })
  }
})

describe('commands in blocks', () => {
  const BENCH = 'takes minutes, and a package of its own: bench/'
  const CI = 'CI does it'

  /** Of pages that no test follows: each command, and why it is not typed. */
  const NOT_TYPED: Record<string, Record<string, string>> = {
    'README.md': {
      'npm ci && npm start': 'local-development.test.ts starts a host without any setting',
      'npm ci && npm test': CI,
    },
    'CONTRIBUTING.md': {
      'npm ci': CI,
      'npm test': CI,
      'npm run check': CI,
      'npm run format': 'changes the project',
      'npx vitest run --project workerd src/handlers/com/atproto/sync/listRepos.test.ts': CI,
      'npx vitest run --project node test/e2e/posting.test.ts': CI,
    },
    'docs/clients.md': {
      'npm run codegen -- client': 'codegen/client/client.test.ts',
      'npm install @atproto/lex@0.3.12': 'installs; the version is held below',
      'npm run codegen -- client --namespace com.example,app.bsky.actor.profile --out ../web/src/client':
        'codegen/client/client.test.ts',
      'npm run codegen -- openapi': 'codegen/openapi/openapi.test.ts',
      'npm run codegen -- openapi --namespace com.example --server https://pds.example.com --out api.json':
        'codegen/openapi/openapi.test.ts',
      'curl -si "$url" | grep -i etag': 'src/server/xrpc/conditional.test.ts',
      'curl -si "$url" -H \'If-None-Match: "3n3bszjaezq2v"\' | head -1':
        'src/server/xrpc/conditional.test.ts',
      "url='https://pds.example.com/xrpc/com.atproto.repo.listRecords?repo=did:plc:…&collection=com.example.guestbook.entry'":
        'src/server/xrpc/conditional.test.ts',
    },
    'docs/collections.md': {
      'npm run codegen -- new com.example.cook.rating': 'codegen/collections has it',
      'npx cumulus hooks list': 'takes a hook that failed: test/e2e/collections.test.ts',
      'npx cumulus hooks retry 17': 'takes a hook that failed: test/e2e/collections.test.ts',
      'npx cumulus hooks drop 17': 'takes a hook that failed: test/e2e/collections.test.ts',
    },
    'docs/framework.md': {
      'npx cumulus create ../my-app --install': 'package.test.ts',
      'npm run codegen': 'package.test.ts',
      'npm run codegen -- status': 'package.test.ts',
      'npm run upgrade -- --check': 'takes another version: package-upgrade.test.ts',
      'npm run upgrade': 'takes another version: package-upgrade.test.ts',
    },
    'docs/jobs.md': {
      'npx cumulus jobs list': 'takes a job: src/durable/app-jobs.test.ts',
      'npx cumulus jobs run forget-seen': 'takes a job: src/durable/app-jobs.test.ts',
    },
    'docs/webhooks.md': {
      'npx cumulus webhooks add https://app.example.com/xrpc/com.example.cook.receiveWrite --collections com.example.cook.recipe,com.example.cook.rating':
        'takes a service that listens: test/e2e/webhooks.test.ts',
      'npx cumulus webhooks list': 'test/e2e/webhooks.test.ts',
      'npx cumulus webhooks test 1 alice.example.com': 'test/e2e/webhooks.test.ts',
      'npx cumulus webhooks pause 1': 'test/e2e/webhooks.test.ts',
      'npx cumulus webhooks resume 1': 'test/e2e/webhooks.test.ts',
      'npx cumulus webhooks remove 1': 'test/e2e/webhooks.test.ts',
      'npx cumulus webhooks given-up': 'takes writes that were refused: test/e2e/webhooks.test.ts',
      'npx cumulus webhooks retry 17':
        'takes writes that were refused: src/durable/webhooks.test.ts',
      'npx cumulus webhooks drop 17': 'takes writes that were refused',
    },
    'docs/lexicons.md': {
      'npx cumulus lexicons check com.example.guestbook.entry':
        'takes records that fail: lexicons-check.test.ts',
      'npx cumulus lexicons repair com.example.guestbook.entry --with repair-entry.ts --account alice.example.com':
        'takes records that fail: lexicons-check.test.ts',
      'npx cumulus lexicons repair com.example.guestbook.entry --with repair-entry.ts --dry-run':
        'takes records that fail: lexicons-check.test.ts',
      'npx cumulus lexicons publish --account alice.example.com --namespace com.example':
        'takes DNS for the namespace: lexicons.test.ts',
      'npx cumulus lexicons pull com.example.book.entry':
        'takes DNS for the namespace: lexicons.test.ts',
      ...Object.fromEntries(
        [
          'check com.example.guestbook.entry',
          'repair com.example.guestbook.entry --with repair-entry.ts --account alice.example.com',
          'repair com.example.guestbook.entry --with repair-entry.ts --dry-run',
        ].map((args) => [`npx cumulus lexicons ${args}`, 'lexicons-check.test.ts']),
      ),
      'npm run codegen': CI,
    },
    'docs/performance.md': {
      'npm run bench': BENCH,
      'npm run bench -- --quick': BENCH,
      'npm run bench -- --check': BENCH,
      'npm run bench -- --only createRecord,firehose': BENCH,
      'npm run bench -- --sizes 1k --ours-only': BENCH,
      'npm run bench -- --against ../other': BENCH,
      'npm run bench -- --only accounts --accounts 10,1k': BENCH,
      'npm run bench -- --big': BENCH,
      'npm run bench -- --profile createRecord': BENCH,
      'npm run bench -- --help': BENCH,
    },
    'docs/testing.md': {
      'npm test': CI,
      'npx vitest src/handlers/com/example/guestbook':
        'custom-collections.test.ts has the tests of the page run',
    },
  }

  /** By `follow` of support/reader.ts, which types all commands of a page. */
  const followed = globSync('test/e2e/*.test.ts', { cwd: PROJECT }).flatMap((file) =>
    [...readFileSync(join(PROJECT, file), 'utf8').matchAll(/^ *follow\('(\S+)',/gm)].map(
      ([, page = '']) => page,
    ),
  )

  test('are found where there are some', () => {
    for (const page of ['docs/migrate.md', 'docs/backup.md', 'docs/troubleshooting.md']) {
      expect(followed).toContain(page)
      expect(commandsOf(page).length).toBeGreaterThan(7)
    }
  })

  test.each(PAGES.filter((page) => !followed.includes(page)))(
    '%s, which no test follows: each is known, with a reason',
    (page) => {
      const names = new Set(commandsOf(page).map(({ name }) => name))
      expect([...names].sort()).toEqual(Object.keys(NOT_TYPED[page] ?? {}).sort())
    },
  )
})
