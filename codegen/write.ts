/**
 * The stage that touches `src/generated/`: writes what changed, deletes what is no longer planned, and
 * leaves alone whatever does not carry the banner.
 */
import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isOurs } from './banner.ts'
import { UsageError } from './errors.ts'
import { byCodeUnits, isWithin } from './tree.ts'

/** A file as it should be; `path` is relative to the root. */
export interface PlannedFile {
  path: string
  code: string
}

/** One difference between the plan and the disk. */
export interface Change {
  path: string
  change: 'added' | 'changed' | 'removed'
}

/** What has to happen to the disk, and which files stand in the way. */
export interface Differences {
  changes: Change[]
  /** Files without our banner: where we would write (`blocking`), or beside our output. */
  foreign: { path: string; blocking: boolean }[]
}

/** Compares the plan with the files that exist (path → text). Pure. */
export function compare(
  planned: readonly PlannedFile[],
  existing: ReadonlyMap<string, string>,
): Differences {
  const changes: Change[] = []
  const foreign: Differences['foreign'] = []
  const wanted = new Set<string>()
  for (const { path, code } of planned) {
    wanted.add(path)
    const current = existing.get(path)
    if (current === code) continue
    if (current === undefined) changes.push({ path, change: 'added' })
    else if (isOurs(current)) changes.push({ path, change: 'changed' })
    else foreign.push({ path, blocking: true })
  }
  for (const [path, text] of existing) {
    if (wanted.has(path)) continue
    if (isOurs(text)) changes.push({ path, change: 'removed' })
    else foreign.push({ path, blocking: false })
  }
  changes.sort((a, b) => byCodeUnits(a.path, b.path))
  foreign.sort((a, b) => byCodeUnits(a.path, b.path))
  return { changes, foreign }
}

/** Carries out `changes` below `root`; files that stay as they are keep their modification time. */
export function write(
  root: string,
  folder: string,
  planned: readonly PlannedFile[],
  changes: readonly Change[],
): void {
  const code = new Map(planned.map((file) => [file.path, file.code]))
  for (const { path, change } of changes) {
    const target = join(root, path)
    if (change === 'removed') {
      // Another run may have done so meanwhile, such as that of `npm run dev` beside a rename.
      rmSync(target, { force: true })
    } else {
      writeBelow(root, folder, path, code.get(path) ?? '')
    }
  }
  if (changes.some(({ change }) => change === 'removed')) removeEmptyFolders(join(root, folder))
}

/**
 * Writes `root/path`, which is below `root/folder` by its name. @throws UsageError when a symbolic link leads it elsewhere
 */
export function writeBelow(root: string, folder: string, path: string, text: string): void {
  mkdirSync(join(root, folder), { recursive: true })
  if (!isWithin(root, folder, path)) {
    throw new UsageError(`${path} is not written: a symbolic link leads out of ${folder}/`)
  }
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

/** Removes folders below `folder` that hold nothing, deepest first; another run may do so at the same time, or fill them. */
export function removeEmptyFolders(folder: string): void {
  if (!existsSync(folder)) return
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue
    const path = join(folder, entry.name)
    removeEmptyFolders(path)
    try {
      rmdirSync(path)
    } catch (error) {
      if (!isMovedOn(error)) throw error
    }
  }
}

/** The folder is gone, or holds something. */
const isMovedOn = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^(ENOENT|ENOTEMPTY|EEXIST)$/.test(`${error.code}`)
