/** `cumulus dev` bundles by itself, for speed: what it makes has to be what wrangler makes. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import type { Metafile } from 'esbuild'
import { expect, onTestFinished, test } from 'vitest'
import { DevBundler } from '../cli/dev/bundle/bundler.ts'
import { WRANGLER } from '../cli/host/bundle.ts'
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
}, 60_000)

test('esbuild, and what stands in for Node, are those of wrangler', () => {
  const { dependencies } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'))
  const wrangler = createRequire(import.meta.url)('wrangler/package.json')
  for (const name of ['esbuild', 'unenv', '@cloudflare/unenv-preset']) {
    expect([name, dependencies[name]]).toEqual([name, wrangler.dependencies[name]])
  }
})
