/** The next version beside the one that runs: its sources, packages and bundle, ready to take its place. */
import { execFile } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CommandError } from '../terminal/errors.ts'
import type { Checkout, Revision } from './checkout.ts'

const run = promisify(execFile)

/** Folder within the checkout, which git ignores. */
export const WORK_FOLDER = join('.cache', 'upgrade')

const PACKAGES = 'node_modules'
const BUILT = 'dist'
const LOCK_FILE = 'package-lock.json'

export class Stage {
  readonly #checkout: Checkout
  readonly #work: string

  constructor(checkout: Checkout) {
    this.#checkout = checkout
    this.#work = join(checkout.root, WORK_FOLDER)
  }

  /** Where the next version is. */
  get folder(): string {
    return join(this.#work, 'next')
  }

  /**
   * Puts a version there, and installs its packages where these are others than those here.
   *
   * @throws CommandError
   */
  async prepare(now: Revision, next: Revision): Promise<void> {
    await this.discard()
    mkdirSync(this.#work, { recursive: true })
    await this.#checkout.git(
      'worktree',
      'add',
      '--quiet',
      '--detach',
      '--force',
      this.folder,
      next.id,
    )
    const [old, fresh] = await Promise.all([
      this.#checkout.file(now, LOCK_FILE),
      this.#checkout.file(next, LOCK_FILE),
    ])
    if (old === fresh) {
      symlinkSync(join(this.#checkout.root, PACKAGES), join(this.folder, PACKAGES))
      return
    }
    const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
    // As whoever installed the version now: with the packages for development, or without.
    if (!existsSync(join(this.#checkout.root, PACKAGES, 'vitest'))) args.push('--omit=dev')
    await this.#run('npm', args)
  }

  /** Builds its bundle. @throws CommandError */
  async build(): Promise<void> {
    await this.#run(process.execPath, [join(this.folder, 'cli/size.ts')])
  }

  /** Puts packages and bundle into the places of those now, which are kept. May be ended and begun again. */
  swapIn(): void {
    for (const name of [PACKAGES, BUILT]) {
      const [next, here] = [join(this.folder, name), join(this.#checkout.root, name)]
      // A link leads to those that are here already.
      if (lstatSync(next, { throwIfNoEntry: false })?.isDirectory() !== true) continue
      if (existsSync(here) && !existsSync(this.#kept(name))) renameSync(here, this.#kept(name))
      rmSync(here, { recursive: true, force: true })
      renameSync(next, here)
    }
    this.#touchBundle()
  }

  /** Puts back what was kept. May be ended and begun again. */
  swapOut(): void {
    for (const name of [PACKAGES, BUILT]) {
      if (!existsSync(this.#kept(name))) continue
      const here = join(this.#checkout.root, name)
      rmSync(here, { recursive: true, force: true })
      renameSync(this.#kept(name), here)
    }
    this.#touchBundle()
  }

  /** Removes what is there. */
  async discard(): Promise<void> {
    rmSync(this.#work, { recursive: true, force: true })
    await this.#checkout.git('worktree', 'prune')
  }

  #kept(name: string): string {
    return join(this.#work, `old-${name}`)
  }

  /** Git gives the sources the time of now, and the bundle would be built once more. */
  #touchBundle(): void {
    const bundle = join(this.#checkout.root, BUILT, 'worker.js')
    const now = new Date()
    if (existsSync(bundle)) utimesSync(bundle, now, now)
  }

  async #run(program: string, args: string[]): Promise<void> {
    try {
      await run(program, args, { cwd: this.folder, maxBuffer: 64 * 1024 * 1024 })
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
      throw new CommandError(
        `The new version cannot be made ready (${program} ${args[0]}):\n${`${stdout}${stderr}`.trim() || String(error)}`,
      )
    }
  }
}
