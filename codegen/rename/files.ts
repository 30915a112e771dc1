/** The files of a project as git knows them, and that they are as they were committed. */
import { execFileSync } from 'node:child_process'
import { lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '../errors.ts'
import { GENERATED } from '../layout.ts'

/** What is looked into for names; larger files are no sources. */
const MAX_BYTES = 1024 * 1024

/** Remembers what came from elsewhere, or what was once: the old names belong there. */
const LEFT_ALONE = /^(lexicons\.(imported|lock)\.json|package-lock\.json|CHANGELOG[^/]*)$/

function git(root: string, ...args: string[]): string {
  try {
    const options = { cwd: root, encoding: 'utf8', maxBuffer: 256 * 2 ** 20 } as const
    return execFileSync('git', args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  } catch {
    throw new UsageError(
      'a rename needs git, to take it back if you change your mind: this is no repository',
    )
  }
}

/** Whether anything differs from the last commit. @throws UsageError outside of a repository */
export const isClean = (root: string): boolean =>
  git(root, 'status', '--porcelain', '--', '.').trim() === ''

/** Paths of all files that git does not ignore, relative to the root. */
export const filesOf = (root: string): string[] =>
  git(root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard')
    .split('\0')
    .filter(
      (path) => path !== '' && lstatSync(join(root, path), { throwIfNoEntry: false })?.isFile(),
    )

/** The text of a file that names may be replaced in; undefined for one that is left alone. */
export function textOf(root: string, path: string): string | undefined {
  if (path.startsWith(`${GENERATED}/`) || LEFT_ALONE.test(path)) return undefined
  const bytes = readFileSync(join(root, path))
  if (bytes.byteLength > MAX_BYTES || bytes.includes(0)) return undefined
  const text = bytes.toString('utf8')
  // Whatever is no UTF-8 would be damaged by being written again.
  return Buffer.byteLength(text) === bytes.byteLength ? text : undefined
}
