import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { expect, onTestFinished, test } from 'vitest'
import { holdMap, placesIn } from './stack-places.ts'

/** Builds a module that throws in a line of its source, and puts it into place as `cumulus build` does. */
function build(folder: string, line: number): void {
  const { outputFiles } = buildSync({
    stdin: {
      contents: `${'\n'.repeat(line - 1)}export function fail() { throw new Error('no') }\n`,
      sourcefile: 'src/failing.ts',
      loader: 'ts',
    },
    outfile: join(folder, 'worker.js'),
    format: 'esm',
    minify: true,
    sourcemap: 'external',
    write: false,
  })
  for (const { path, contents } of outputFiles) {
    writeFileSync(`${path}.new`, contents)
    renameSync(`${path}.new`, path)
  }
}

const STACK = 'Error: no\n    at fail (worker.js:1:30)'

test('places are those of the bundle that a server runs, also when it is built anew meanwhile', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cumulus-places-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const where = { root: folder, folder, maps: new Map() }
  build(folder, 12)
  const { maps: held, release } = holdMap(join(folder, 'worker.js.map'))
  onTestFinished(release)
  expect(placesIn(STACK, where)).toContain('src/failing.ts:12:')
  build(folder, 40)
  expect(placesIn(STACK, { ...where, held })).toContain('src/failing.ts:12:')
  // A server that starts now.
  expect(placesIn(STACK, where)).toContain('src/failing.ts:40:')
  const { maps: later } = holdMap(join(folder, 'worker.js.map'))
  expect(placesIn(STACK, { ...where, held: later })).toContain('src/failing.ts:40:')
})

test('what has no map stays as it is', () => {
  const where = { root: '/', folder: '/nowhere', maps: new Map() }
  expect(placesIn(STACK, { ...where, held: holdMap('/nowhere/worker.js.map').maps })).toBe(STACK)
})
