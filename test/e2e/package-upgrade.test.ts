/** A project on the package is brought to another version of it, and stays as it was where that fails. Long: npm installs. */
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PROJECT } from '../support/project.ts'

const folder = mkdtempSync(join(tmpdir(), 'cumulus-upgrade-'))
const app = join(folder, 'my-app')
const HANDLER = join(app, 'src/handlers/com/example/guestbook/getEntries.ts')

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function run(program: string, args: readonly string[], cwd: string) {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, CUMULUS_ENV_FILE: '', VITEST: undefined },
  })
  return { status, output: stdout + stderr }
}

/** Packs the package as a version of its own. @returns the tarball */
function pack(version: string, change: (folder: string) => void = () => {}): string {
  const copy = join(folder, version)
  cpSync(join(PROJECT, 'dist', 'package'), copy, { recursive: true })
  const path = join(copy, 'package.json')
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as object
  writeFileSync(path, JSON.stringify({ ...manifest, version }))
  change(copy)
  const packed = run('npm', ['pack', copy, '--silent'], folder)
  expect(packed).toMatchObject({ status: 0 })
  return join(folder, `cumulus-${version}.tgz`)
}

describe.runIf(process.env.CUMULUS_LONG === '1')('cumulus upgrade in a project', () => {
  beforeAll(() => {
    expect(run(process.execPath, [join(PROJECT, 'cli/write-package.ts')], PROJECT).status).toBe(0)
    const old = pack('0.1.0')
    const create = [
      join(PROJECT, 'cli/cumulus.ts'),
      'create',
      app,
      '--package',
      `file:${old}`,
      '--install',
    ]
    expect(run(process.execPath, create, folder)).toMatchObject({ status: 0 })
  }, 300_000)

  const cumulus = (...args: string[]) => run(join(app, 'node_modules/.bin/cumulus'), args, app)
  const version = (): string =>
    (
      JSON.parse(readFileSync(join(app, 'node_modules/cumulus/package.json'), 'utf8')) as {
        version: string
      }
    ).version

  test('a version in which tests of the project fail is not kept', () => {
    const broken = pack('0.3.0', (copy) => {
      const path = join(copy, 'src/services/records/repositories.js')
      writeFileSync(path, readFileSync(path, 'utf8').replace('listRecords(', 'listRecordsNoMore('))
    })
    const before = readFileSync(join(app, 'package.json'), 'utf8')
    const { status, output } = cumulus('upgrade', `file:${broken}`, '--yes')
    expect(status).toBe(1)
    expect(output).toContain('put back')
    expect(readFileSync(join(app, 'package.json'), 'utf8')).toBe(before)
    expect(version()).toBe('0.1.0')
    expect(existsSync(join(app, 'node_modules/.cumulus-upgrade'))).toBe(false)
  }, 300_000)

  test('its changelog is told, its files are changed, and its tests are run', () => {
    // As in a project that was a fork.
    const own = readFileSync(HANDLER, 'utf8')
    writeFileSync(HANDLER, own.replace("from 'cumulus'", "from '#src/server/auth/policy.ts'"))
    const config = readFileSync(join(app, 'wrangler.toml'), 'utf8')
    const next = pack('0.2.0', (copy) => {
      const path = join(copy, 'CHANGELOG.md')
      writeFileSync(
        path,
        `# Changelog\n\n## 0.2.0\n\n- Something new.\n\n${readFileSync(path, 'utf8')}`,
      )
    })
    expect(cumulus('upgrade', `file:${next}`, '--check').output).toContain('- Something new.')
    expect(version()).toBe('0.1.0')
    const { status, output } = cumulus('upgrade', `file:${next}`, '--yes')
    expect(status, output).toBe(0)
    expect(output).toContain('0.1.0 → 0.2.0: types and tests pass')
    expect(version()).toBe('0.2.0')
    expect(readFileSync(HANDLER, 'utf8')).toContain("from 'cumulus'")
    expect(readFileSync(join(app, 'wrangler.toml'), 'utf8')).toBe(config)
    expect(readdirSync(app)).not.toContain('before')
  }, 300_000)
})
