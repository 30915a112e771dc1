/** `cumulus upgrade` in a project that builds on the package: another version of it, and the files that have to change. */
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CommandError } from '../../terminal/errors.ts'
import { newLines } from '../changes.ts'
import type { Changed } from './codemods.ts'

const run = promisify(execFile)

/** Bytes that a command may print. */
const MAX_OUTPUT = 64 * 1024 * 1024

/** What of a project an upgrade may change, and puts back where it fails. */
const CHANGED = ['package.json', 'package-lock.json', 'wrangler.toml', 'src']

export interface ProjectPlan {
  from: string
  to: string
  /** Lines of the changelog that are new, with their headings. */
  changelog: string[]
}

export interface ProjectUpgradeOptions {
  root: string
  say(text: string): void
}

/** Another version of the package for a project; whatever fails, the project is as it was. */
export class ProjectUpgrade {
  readonly #root: string
  readonly #say: ProjectUpgradeOptions['say']
  readonly #work: string

  constructor({ root, say }: ProjectUpgradeOptions) {
    this.#root = root
    this.#say = say
    this.#work = join(root, 'node_modules', '.cumulus-upgrade')
  }

  /** An upgrade that was interrupted is undone. */
  async recover(): Promise<void> {
    if (!existsSync(this.#before)) return
    this.#say('An upgrade was interrupted; the project is put back to what it was before')
    await this.#undo()
  }

  /** Fetches a version and looks at it. @param version as npm takes it: `0.2.0`, `latest`, `file:…` @throws CommandError */
  async plan(version: string): Promise<ProjectPlan> {
    const fetched = join(this.#work, 'next')
    rmSync(fetched, { recursive: true, force: true })
    mkdirSync(fetched, { recursive: true })
    const spec = version.startsWith('file:') ? version.slice('file:'.length) : `cumulus@${version}`
    await this.#run('npm', ['pack', spec, '--pack-destination', fetched, '--silent'], this.#root)
    const [tarball] = readdirSync(fetched)
    if (tarball === undefined) throw new CommandError(`npm has no cumulus@${version}.`)
    await this.#run('tar', ['xzf', tarball, 'package/package.json'], fetched)
    assertOurs(join(fetched, 'package', 'package.json'), version)
    await this.#run('tar', ['xzf', tarball, 'package/CHANGELOG.md'], fetched)
    const of = (folder: string) => ({
      version: (
        JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
      ).version,
      changelog: readFileSync(join(folder, 'CHANGELOG.md'), 'utf8'),
    })
    const now = of(this.#installed)
    const next = of(join(fetched, 'package'))
    rmSync(fetched, { recursive: true, force: true })
    return {
      from: now.version,
      to: next.version,
      changelog: newLines(now.changelog, next.changelog),
    }
  }

  /**
   * Installs it, changes what has to change, generates, and runs the checks that the project has.
   *
   * @throws CommandError; the project is as before
   */
  async run({ from }: ProjectPlan, version: string): Promise<Changed> {
    mkdirSync(this.#work, { recursive: true })
    // Under its name only when it is whole: what has that name is what is put back.
    const copy = `${this.#before}.new`
    rmSync(copy, { recursive: true, force: true })
    for (const path of CHANGED.filter((name) => existsSync(join(this.#root, name)))) {
      cpSync(join(this.#root, path), join(copy, path), { recursive: true })
    }
    cpSync(copy, this.#before, { recursive: true })
    rmSync(copy, { recursive: true })
    try {
      this.#say('Installing')
      const spec = version.startsWith('file:') ? version : `cumulus@${version}`
      await this.#run('npm', ['install', spec, '--no-audit', '--no-fund', '--save'], this.#root)
      this.#say('Changing what has to change')
      // By the new version, which knows.
      const changed = await this.#cumulus('upgrade', '--files-from', from, '--json')
      this.#say('Generating')
      await this.#cumulus('codegen')
      await this.#check()
      rmSync(this.#work, { recursive: true, force: true })
      return JSON.parse(changed) as Changed
    } catch (error) {
      this.#say('It failed; the project is put back to what it was before')
      await this.#undo()
      throw error
    }
  }

  async #check(): Promise<void> {
    const { scripts = {} }: { scripts?: Record<string, string> } = JSON.parse(
      readFileSync(join(this.#root, 'package.json'), 'utf8'),
    )
    for (const script of ['types', 'test'].filter((name) => name in scripts)) {
      this.#say(`Running npm run ${script}`)
      await this.#run('npm', ['run', script], this.#root)
    }
  }

  async #undo(): Promise<void> {
    for (const path of CHANGED) {
      const kept = join(this.#before, path)
      rmSync(join(this.#root, path), { recursive: true, force: true })
      if (existsSync(kept)) cpSync(kept, join(this.#root, path), { recursive: true })
    }
    await this.#run('npm', ['install', '--no-audit', '--no-fund'], this.#root)
    rmSync(this.#work, { recursive: true, force: true })
  }

  get #before(): string {
    return join(this.#work, 'before')
  }

  get #installed(): string {
    return join(this.#root, 'node_modules', 'cumulus')
  }

  #cumulus(...args: string[]): Promise<string> {
    const program = join(this.#installed, 'cli', 'cumulus.js')
    return this.#run(process.execPath, [program, ...args], this.#root)
  }

  /** @throws CommandError with what it printed */
  async #run(program: string, args: readonly string[], cwd: string): Promise<string> {
    try {
      const { stdout } = await run(program, [...args], { cwd, maxBuffer: MAX_OUTPUT })
      return stdout
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
      const said = `${stdout}\n${stderr}`.trim() || String(error)
      throw new CommandError(`${program.split('/').at(-1)} ${args.join(' ')}:\n${said}`)
    }
  }
}

/** Nothing of a package of the same name that is somebody else's is installed. @throws CommandError */
function assertOurs(path: string, version: string): void {
  const { exports = {} }: { exports?: unknown } = JSON.parse(readFileSync(path, 'utf8'))
  if (typeof exports === 'object' && exports !== null && './worker' in exports) return
  throw new CommandError(
    version.startsWith('file:')
      ? `${version} is no package of Cumulus.`
      : `What npm has as cumulus@${version} is somebody else's package. Name the file of a newer version: npm run upgrade -- file:../cumulus.tgz`,
  )
}
