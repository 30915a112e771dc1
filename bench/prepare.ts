/** Installs the packages of bench/, and compiles better-sqlite3, when that has not been done. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CommandError } from '../cli/terminal/errors.ts'
import { progress } from './progress.ts'

const BENCH = import.meta.dirname
const MODULES = join(BENCH, 'node_modules')
const SQLITE = join(MODULES, 'better-sqlite3')

/**
 * The Node that runs the reference. Its package brings the headers too, so that the native module
 * fits it and nothing has to be downloaded from outside the npm registry.
 */
const REFERENCE_NODE = join(MODULES, `node-${process.platform}-${process.arch}`)
export const REFERENCE_NODE_BINARY = join(REFERENCE_NODE, 'bin', 'node')

/**
 * Installs the client and, unless it is not needed, the reference, which is a development
 * dependency of the package.
 *
 * @throws CommandError with what the tool printed
 */
export function prepare({ reference = true } = {}): void {
  if (process.platform !== 'linux') throw new CommandError('the benchmark reads /proc: Linux only')
  if (!installed(reference ? ['undici', '@atproto/pds'] : ['undici'])) {
    progress(`installing the packages of bench/${reference ? ' (about 550 MB)' : ''} ...`)
    const omit = reference ? [] : ['--omit=dev', '--omit=optional']
    run('npm', ['ci', '--no-audit', '--no-fund', ...omit], BENCH)
  }
  if (!reference || existsSync(join(SQLITE, 'build', 'Release', 'better_sqlite3.node'))) return
  progress('compiling better-sqlite3, which takes a minute ...')
  const gyp = join(MODULES, 'node-gyp', 'bin', 'node-gyp.js')
  const rebuild = [gyp, 'rebuild', '--release', `--nodedir=${REFERENCE_NODE}`]
  // node-gyp prefers npm's settings in the environment to its arguments: the headers of another
  // Node.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_config_/i.test(name)),
  )
  run(REFERENCE_NODE_BINARY, rebuild, SQLITE, env)
}

/** Whether these packages are there, in the versions of the lock file. */
function installed(names: string[]): boolean {
  // npm writes this file whenever it has installed something.
  const [note, lock] = [join(MODULES, '.package-lock.json'), join(BENCH, 'package-lock.json')].map(
    readVersions,
  )
  return names.every(
    (name) =>
      existsSync(join(MODULES, name)) &&
      note?.[`node_modules/${name}`]?.version === lock?.[`node_modules/${name}`]?.version,
  )
}

type Versions = Record<string, { version?: string }>

function readVersions(path: string): Versions {
  if (!existsSync(path)) return {}
  const { packages } = JSON.parse(readFileSync(path, 'utf8')) as { packages: Versions }
  return packages
}

function run(command: string, args: string[], cwd: string, env = process.env): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8' })
  if (status === 0) return
  const reason = error?.message ?? `${stdout}${stderr}`.trim().split('\n').slice(-30).join('\n')
  throw new CommandError(`${command} ${args[0]} failed:\n${reason}`)
}
