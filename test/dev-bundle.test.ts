/** `cumulus dev` bundles by itself, for speed: what it makes has to be what wrangler makes. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import type { Metafile } from 'esbuild'
import { expect, onTestFinished, test } from 'vitest'
import { DevBundler } from '../cli/dev/bundle/bundler.ts'
import { BUNDLE, bundleModules, ensureBundle, WRANGLER } from '../cli/host/bundle.ts'
import { placesIn } from '../cli/host/stack-places.ts'
import { PROJECT } from './support/project.ts'

test('it has the files, exports and modules of the bundle that wrangler makes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cumulus-dev-bundle-'))
  const bundler = new DevBundler(PROJECT, join(folder, 'dev'))
  onTestFinished(() => bundler.stop())
  const ours = await bundler.build()
  const out = join(folder, 'wrangler')
  execFileSync(process.execPath, [WRANGLER, 'deploy', '--dry-run', '--outdir', out, '--metafile'], {
    cwd: PROJECT,
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
    stdio: 'pipe',
  })
  const theirs = JSON.parse(readFileSync(join(out, 'bundle-meta.json'), 'utf8')) as Metafile
  const entry = Object.values(theirs.outputs).find(({ entryPoint }) => entryPoint)
  const files = (names: readonly string[]) =>
    [...new Set(names.filter((name) => !name.includes(':')))].sort()
  expect(files((ours?.inputs ?? []).map((path) => relative(PROJECT, path)))).toEqual(
    files(Object.keys(theirs.inputs)),
  )
  expect(ours?.exports.toSorted()).toEqual(entry?.exports.toSorted())
  const texts = entry?.imports.flatMap(({ path }) => (path.endsWith('.txt') ? [path.slice(2)] : []))
  expect(ours?.modules.flatMap(({ name, type }) => (type === 'text' ? [name] : [])).sort()).toEqual(
    texts?.sort(),
  )
})

/** Of the handler of getRecord. */
const MESSAGE = 'Could not locate record'

test('a stack of the production bundle names places of the source', () => {
  ensureBundle(() => undefined)
  const folder = dirname(BUNDLE)
  const where = { root: PROJECT, folder, maps: new Map() }
  // The handlers of com.atproto are one module.
  const handlers = bundleModules().find(({ name }) => name.startsWith('atproto-'))
  const lines = readFileSync(handlers?.path ?? '', 'utf8').split('\n')
  const line = lines.findIndex((text) => text.includes(MESSAGE))
  const column = lines[line]?.indexOf(MESSAGE) ?? -1
  const stack = `Error: x\n    at e (${handlers?.name}:${line + 1}:${column + 1})`
  expect(placesIn(stack, where)).toMatch(
    /^Error: x\n {4}at e \(src\/handlers\/com\/atproto\/repo\/getRecord\.ts:\d+:\d+\)$/,
  )
})

test('esbuild, and what stands in for Node, are those of wrangler', () => {
  const { dependencies } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'))
  const wrangler = createRequire(import.meta.url)('wrangler/package.json')
  for (const name of ['esbuild', 'unenv', '@cloudflare/unenv-preset']) {
    expect([name, dependencies[name]]).toEqual([name, wrangler.dependencies[name]])
  }
})
