/** What an upgrade fetches is looked at before anything of it is installed. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ProjectUpgrade } from './upgrade.ts'

test('a package of the same name that is another one is refused before it is installed', async () => {
  const root = mkdtempSync(join(tmpdir(), 'cumulus-upgrade-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const manifest = { name: 'cumulus', version: '1.0.2', exports: './index.js' }
  mkdirSync(join(root, 'package'))
  writeFileSync(join(root, 'package', 'package.json'), JSON.stringify(manifest))
  const packed = spawnSync('tar', ['czf', 'cumulus.tgz', 'package'], { cwd: root })
  expect(packed.status).toBe(0)
  const upgrade = new ProjectUpgrade({ root, say: () => {} })
  await expect(upgrade.plan(`file:${join(root, 'cumulus.tgz')}`)).rejects.toThrow(
    /cumulus\.tgz is no package of Cumulus/,
  )
  expect(readdirSync(root).sort()).toEqual(['cumulus.tgz', 'node_modules', 'package'])
  expect(readdirSync(join(root, 'node_modules'))).toEqual(['.cumulus-upgrade'])
})
