/** A project that is made in a checkout: what it names of the package is what the package that is built of it has. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { PACKAGE_ROOT } from '../host/bundle.ts'
import { createProject } from './create.ts'

test('the stand-ins that wrangler is told of are JavaScript of the package', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'cumulus-create-'))
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }))
  const folder = join(parent, 'cook')
  const files = await createProject({ folder, version: 'file:../cumulus.tgz' })
  expect(files).toContain('wrangler.toml')
  const told = readFileSync(join(folder, 'wrangler.toml'), 'utf8')
  const named = [...told.matchAll(/"\.\/node_modules\/cumulus\/(.*)"/g)].map(
    ([, path = '']) => path,
  )
  expect(named.length).toBeGreaterThan(5)
  for (const path of named) {
    expect(path).toMatch(/\.js$/)
    expect(existsSync(join(PACKAGE_ROOT, path.replace(/\.js$/, '.ts'))), path).toBe(true)
  }
  expect(told).not.toContain('"./src/platform')
})
