/** Installs the packages of bench/ and compiles better-sqlite3, when that has not been done. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { say } from './progress.ts'

const BENCH = import.meta.dirname
const MODULES = join(BENCH, 'node_modules')
const SQLITE = join(MODULES, 'better-sqlite3')

/** The packages could not be installed or compiled; the message has what the tool printed. */
export class PrepareError extends Error {
  override name = 'PrepareError'
}

/**
 * The Node that runs the reference. Its package brings the headers too, so that the native module fits
 * it and nothing has to be downloaded from outside the npm registry.
 */
export const REFERENCE_NODE = join(MODULES, `node-${process.platform}-${process.arch}`)
export const REFERENCE_NODE_BINARY = join(REFERENCE_NODE, 'bin', 'node')

/** @throws PrepareError */
export function prepare(): void {
  if (process.platform !== 'linux') throw new PrepareError('the benchmark reads /proc: Linux only')
  if (!installed()) {
    say('installing the packages of bench/ (about 550 MB) ...')
    run('npm', ['ci', '--no-audit', '--no-fund'], BENCH)
  }
  if (existsSync(join(SQLITE, 'build', 'Release', 'better_sqlite3.node'))) return
  say('compiling better-sqlite3, which takes a minute ...')
  const gyp = join(MODULES, 'node-gyp', 'bin', 'node-gyp.js')
  const rebuild = [gyp, 'rebuild', '--release', `--nodedir=${REFERENCE_NODE}`]
  // node-gyp prefers npm's settings in the environment to its arguments: the headers of another Node.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_config_/i.test(name)),
  )
  run(REFERENCE_NODE_BINARY, rebuild, SQLITE, env)
}

/** npm notes in `node_modules/.package-lock.json` when it last brought the folder up to the lock file. */
function installed(): boolean {
  const note = join(MODULES, '.package-lock.json')
  if (!existsSync(note)) return false
  const lock = join(BENCH, 'package-lock.json')
  return statSync(note).mtimeMs >= statSync(lock).mtimeMs || samePackages(note, lock)
}

function samePackages(note: string, lock: string): boolean {
  const versions = (path: string) => {
    const { packages } = JSON.parse(readFileSync(path, 'utf8')) as {
      packages: Record<string, { version?: string }>
    }
    return new Map(Object.entries(packages).map(([name, { version }]) => [name, version]))
  }
  const wanted = versions(lock)
  return [...versions(note)].every(([name, version]) => wanted.get(name) === version)
}

function run(command: string, args: string[], cwd: string, env = process.env): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8' })
  if (status === 0) return
  const reason = error?.message ?? `${stdout}${stderr}`.trim().split('\n').slice(-30).join('\n')
  throw new PrepareError(`${command} ${args[0]} failed:\n${reason}`)
}
