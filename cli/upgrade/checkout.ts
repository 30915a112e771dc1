/** The git checkout that a host runs from. */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CommandError } from '../terminal/errors.ts'

const run = promisify(execFile)

/** Bytes that git may answer. */
const MAX_ANSWER = 64 * 1024 * 1024

/** A revision, and the version that it says it is. */
export interface Revision {
  /** Commit. */
  id: string
  /** What it was asked for by, such as `v0.2.0`. */
  name: string
  /** Of its package.json. */
  version: string
}

export class Checkout {
  readonly root: string

  /** @throws CommandError when it is none */
  constructor(root: string) {
    this.root = root
    if (!existsSync(join(root, '.git'))) {
      throw new CommandError(
        `${root} is no git checkout, so there is nothing to upgrade it from. A container is built anew from the new version ` +
          '(docs/self-hosting.md).',
      )
    }
  }

  /** @throws CommandError with what git says */
  async git(...args: string[]): Promise<string> {
    try {
      const { stdout } = await run('git', ['-C', this.root, ...args], { maxBuffer: MAX_ANSWER })
      return stdout.trim()
    } catch (error) {
      const { stderr, code } = error as { stderr?: string; code?: string }
      if (code === 'ENOENT') throw new CommandError('git is not installed: apt install git')
      throw new CommandError(`git ${args[0]}: ${stderr?.trim() || String(error)}`)
    }
  }

  /** @throws CommandError for what is no revision here */
  async revision(name: string): Promise<Revision> {
    const id = await this.git('rev-parse', '--verify', '--quiet', `${name}^{commit}`).catch(
      () => '',
    )
    if (id === '') {
      throw new CommandError(`There is no version ${name} here: \`git tag\` lists those there are.`)
    }
    const { version } = JSON.parse(await this.git('show', `${id}:package.json`)) as {
      version: string
    }
    return { id, name, version }
  }

  /** The newest release that is known here, after asking where this checkout comes from. */
  async newestRelease(): Promise<string | undefined> {
    await this.fetch()
    const tags = await this.git('tag', '--list', 'v*', '--sort=-version:refname')
    return tags.split('\n').find((tag) => /^v\d+\.\d+\.\d+$/.test(tag))
  }

  /** @throws CommandError */
  async fetch(): Promise<void> {
    const remotes = await this.git('remote')
    if (remotes.split('\n').includes('origin'))
      await this.git('fetch', '--quiet', '--tags', 'origin')
  }

  /** Whether all commits of one revision are in another. */
  async contains(newer: string, older: string): Promise<boolean> {
    return this.git('merge-base', '--is-ancestor', older, newer).then(
      () => true,
      () => false,
    )
  }

  /** Files that were changed and not committed. */
  async changes(): Promise<string[]> {
    const names = await this.git('diff', '--name-only', 'HEAD')
    return names === '' ? [] : names.split('\n')
  }

  /** The text of a file in a revision; empty: there is none. */
  file(revision: Revision, path: string): Promise<string> {
    return this.git('show', `${revision.id}:${path}`).catch(() => '')
  }

  /** Moves the checkout, and the branch that it is on, to a revision. */
  moveTo(id: string): void {
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', this.root, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
    git('reset', '--hard', '--quiet', id)
  }
}

/** The version of a folder's package.json. */
export const versionIn = (folder: string): string =>
  (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version
