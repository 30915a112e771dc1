/** The package as npm has it, and projects that build on it. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { PROJECT } from './project.ts'

const DIST = join(PROJECT, 'dist')
const LOCK = join(DIST, 'packing')
/** ms after which whoever had the lock has ended without giving it back. */
const ABANDONED = 180_000

/** What the package is made of. */
const SOURCES = [
  ...['src', 'cli', 'codegen', 'lexicons', 'template', 'docs'].map((folder) => `${folder}/**/*.*`),
  '*.{json,toml,md}',
]

/** Runs a program, which has to end well, and says how long it took. @returns what it printed */
export function step(name: string, program: string, args: readonly string[], cwd: string): string {
  const since = performance.now()
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
    env: {
      ...process.env,
      CUMULUS_ENV_FILE: '',
      WRANGLER_SEND_METRICS: 'false',
      VITEST: undefined,
    },
  })
  process.stdout.write(`${name}: ${((performance.now() - since) / 1000).toFixed(1)} s\n`)
  expect(status, `${name}:\n${stdout}${stderr}`).toBe(0)
  return stdout
}

/** Packs the package, unless that was done with the sources as they are. @returns the folder of its tarballs */
export async function packed(): Promise<string> {
  const files = SOURCES.flatMap((pattern) => globSync(pattern, { cwd: PROJECT })).sort()
  const hash = createHash('sha256')
  for (const file of files) {
    const { mtimeMs, size } = statSync(join(PROJECT, file))
    hash.update(`${file} ${mtimeMs} ${size}\n`)
  }
  const folder = join(DIST, 'packed', hash.digest('hex').slice(0, 16))
  if (existsSync(folder)) return folder
  mkdirSync(DIST, { recursive: true })
  while (!tryLock()) await sleep(200)
  try {
    if (existsSync(folder)) return folder
    step('package', process.execPath, [join(PROJECT, 'cli/write-package.ts')], PROJECT)
    // Those of before.
    rmSync(join(DIST, 'packed'), { recursive: true, force: true })
    const making = mkdtempSync(join(DIST, 'packing-'))
    step('pack', 'npm', ['pack', join(DIST, 'package'), join(DIST, 'create-cumulus')], making)
    mkdirSync(join(DIST, 'packed'))
    renameSync(making, folder)
    return folder
  } finally {
    rmdirSync(LOCK)
  }
}

/** Another file of tests may be packing just now. */
function tryLock(): boolean {
  try {
    mkdirSync(LOCK)
    return true
  } catch {
    const { mtimeMs = Date.now() } = statSync(LOCK, { throwIfNoEntry: false }) ?? {}
    if (Date.now() - mtimeMs > ABANDONED) rmSync(LOCK, { recursive: true, force: true })
    return false
  }
}

/** A folder with the package as `npx` would have it before there is a project. */
export class Unpacked {
  readonly folder = mkdtempSync(join(tmpdir(), 'cumulus-package-'))
  readonly tarball: string
  /** `node <program> create …` */
  readonly program = join(this.folder, 'package', 'cli', 'cumulus.js')

  /** The tarball of `create-cumulus`, which is for `npm create`. */
  readonly createTarball: string

  private constructor(tarball: string, createTarball: string) {
    this.tarball = tarball
    this.createTarball = createTarball
    step('unpack', 'tar', ['xzf', tarball], this.folder)
    symlinkSync(join(PROJECT, 'node_modules'), join(this.folder, 'node_modules'))
  }

  static async make(): Promise<Unpacked> {
    const folder = await packed()
    const [tarball, create] = ['cumulus', 'create-cumulus'].map((name) =>
      join(folder, tarballOf(folder, name)),
    )
    return new Unpacked(tarball ?? '', create ?? '')
  }

  /** As npm installs it in a project; what it depends on is this checkout's. */
  installIn(app: string): void {
    const modules = join(app, 'node_modules')
    mkdirSync(join(modules, '.bin'), { recursive: true })
    for (const entry of readdirSync(join(PROJECT, 'node_modules'))) {
      if (!entry.startsWith('.')) {
        symlinkSync(join(PROJECT, 'node_modules', entry), join(modules, entry))
      }
    }
    for (const name of ['node', 'tsc', 'vitest', 'vite', 'wrangler']) {
      symlinkSync(join(PROJECT, 'node_modules', '.bin', name), join(modules, '.bin', name))
    }
    cpSync(join(this.folder, 'package'), join(modules, 'cumulus'), { recursive: true })
    symlinkSync('../cumulus/cli/cumulus.js', join(modules, '.bin', 'cumulus'))
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** The tarball of a package among those in a folder. */
export function tarballOf(folder: string, name: string): string {
  const found = readdirSync(folder).find((file) => new RegExp(`^${name}-\\d.*\\.tgz$`).test(file))
  if (found === undefined) throw new Error(`${folder} has no ${name}-….tgz`)
  return found
}
