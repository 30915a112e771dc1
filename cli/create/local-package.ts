/** The package of a checkout, for projects beside it: what is here need not be on npm. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import manifest from '../../package.json' with { type: 'json' }
import { PACKAGE_ROOT } from '../host/bundle.ts'
import { CommandError } from '../terminal/errors.ts'

const BUILD = join(PACKAGE_ROOT, 'cli', 'write-package.ts')

/**
 * What a project in `folder` depends on as cumulus: the version of this package; in a checkout, the package that is built of it,
 * which takes some ten seconds.
 *
 * @throws CommandError with what the build says
 */
export function packageFor(folder: string): string {
  if (!existsSync(BUILD)) return `^${manifest.version}`
  process.stderr.write('Building the package of this checkout ...\n')
  const dist = join(PACKAGE_ROOT, 'dist')
  run(process.execPath, [BUILD])
  run('npm', ['pack', join(dist, 'package'), '--pack-destination', dist, '--silent'])
  return `file:${relative(folder, join(dist, `cumulus-${manifest.version}.tgz`))}`
}

function run(program: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: PACKAGE_ROOT,
    encoding: 'utf8',
  })
  if (status !== 0) throw new CommandError(`The package could not be built:\n${stdout}${stderr}`)
}
