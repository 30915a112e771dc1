import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { buildSync } from 'esbuild'
import { expect, test } from 'vitest'
import { mailLine, mailPage } from './mails.ts'
import { outputWriter } from './output.ts'

function written(root: string, lines: readonly string[]): string[] {
  const out: string[] = []
  const take = outputWriter((line) => out.push(stripVTControlCharacters(line)), {
    root,
    bundle: () => join(root, '.wrangler', 'worker.js'),
  })
  for (const line of lines) take(line)
  return out
}

test('an error names its place in the source, and frames of packages are left out', () => {
  const root = mkdtempSync(join(tmpdir(), 'cumulus-output-'))
  const source = 'export function fail() {\n  // Why.\n  throw new Error("x")\n}\n'
  writeFileSync(join(root, 'handler.ts'), source)
  const outfile = join(root, '.wrangler', 'worker.js')
  const entryPoints = [join(root, 'handler.ts')]
  buildSync({ entryPoints, outfile, sourcemap: true, minify: true, bundle: true, format: 'esm' })
  const program = `import(${JSON.stringify(pathToFileURL(outfile).href)}).then(({ fail }) => fail()).catch(({ stack }) => console.log(stack))`
  const { stdout } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' })
  const [head, frame] = stdout.split('\n')
  const stack = [head, frame, '    at call (package.3.hono.js:1:2)'].join('\n')
  const event = { level: 'error', time: '2026-01-01T12:00:00Z', message: 'request failed', stack }
  const lines = written(root, [JSON.stringify(event), '', ''])
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('request failed\n           Error: x\n')
  expect(lines[0]).toMatch(/\(handler\.ts:3:9\)$/)
})

test('what says nothing is left out; what is no event stays', () => {
  const lines = [
    'workerd/io/worker.c++:1: warning: NOSENTRY an alarm',
    'workerd/jsg/util.c++:415: error: failed to lookup address information: Name or service not known',
    'stack: /a/workerd@28a3c60 /a/workerd@1',
    '',
    '{"level":"info","time":"2026-01-01T12:00:00Z","message":"x","error":"use_dpop_nonce"}',
    '',
    'lexicons/com/example/a.json:7:21 unknown type "strng"',
    '',
    '',
    'console.log of a handler',
  ]
  expect(written('/', lines).map((line) => line.replace(/^\d\d:\d\d:\d\d /, ''))).toEqual([
    'x  error=use_dpop_nonce',
    'lexicons/com/example/a.json:7:21 unknown type "strng"',
    '',
    'console.log of a handler',
  ])
})

test('mails are told with code and link; the page escapes what is in them', () => {
  const mail = {
    from: 'host@example.com',
    to: 'a@example.com',
    subject: 'Reset <b>',
    text: 'Your code: ABCDE-FGH23\n\nhttp://localhost:2583/reset?code=1&x=2\n<script>alert(1)</script>',
    html: '',
  }
  expect(mailLine(mail)).toBe(
    'mail      a@example.com  "Reset <b>"  ABCDE-FGH23  http://localhost:2583/reset?code=1&x=2',
  )
  const page = mailPage([mail])
  expect(page).not.toContain('<script>')
  expect(page).toContain('Reset &#60;b&#62;')
  expect(page).toContain('<a href="http://localhost:2583/reset?code=1&#38;x=2">')
})
