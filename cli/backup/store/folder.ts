import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import {
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, sep } from 'node:path'
import type { Readable } from 'node:stream'
import { assertName, type ByteSource, type KeptFile } from '../../../src/services/backup/store.ts'
import { LocalFile, type LocalStore } from './local-file.ts'

const PARTIAL = '.partial'

/** Files that a run left behind which was killed, older than this, in ms, are of nobody any more. */
const ABANDONED = 24 * 60 * 60 * 1000

/** A backup in a folder of this machine, or of a disk or server that is mounted here. */
export class FolderStore implements LocalStore {
  readonly name: string
  readonly temporary: string
  readonly #root: string

  private constructor(root: string, temporary: string) {
    this.name = root
    this.#root = root
    this.temporary = temporary
  }

  /** For reading: nothing is made in the folder, which may be mounted read-only. */
  static async openToRead(root: string): Promise<FolderStore> {
    return new FolderStore(root, await mkdtemp(join(tmpdir(), 'cumulus-backup-')))
  }

  /** Makes the folder, readable by its owner only, unless it is there. */
  static async open(root: string): Promise<FolderStore> {
    const partial = join(root, PARTIAL)
    await mkdir(partial, { recursive: true, mode: 0o700 })
    for (const left of await readdir(partial)) {
      const path = join(partial, left)
      const found = await stat(path).catch(() => undefined)
      if (found && Date.now() - found.mtimeMs > ABANDONED) await rm(path, { recursive: true })
    }
    return new FolderStore(root, await mkdtemp(join(partial, 'run-')))
  }

  async list(folder: string): Promise<Map<string, number>> {
    const found = new Map<string, number>()
    await this.#listInto(found, assertName(folder))
    return found
  }

  async read(name: string): Promise<Readable | undefined> {
    const path = this.#pathOf(name)
    const found = await stat(path).catch(absent)
    return found?.isFile() ? createReadStream(path, { highWaterMark: 256 * 1024 }) : undefined
  }

  keep(source: ByteSource): Promise<KeptFile> {
    return LocalFile.keep(this.temporary, source)
  }

  async write(name: string, kept: KeptFile): Promise<void> {
    const file = LocalFile.of(kept)
    const path = this.#pathOf(name)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await sync(file.path)
    try {
      await rename(file.path, path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
      await this.#copy(file.path, path)
    }
    await sync(dirname(path))
  }

  async remove(...names: string[]): Promise<number> {
    let removed = 0
    for (const name of names) if (await this.#remove(name)) removed++
    return removed
  }

  async close(): Promise<void> {
    await rm(this.temporary, { recursive: true, force: true })
  }

  /** What lies where a link leads to may be another backup's. */
  async #remove(name: string): Promise<boolean> {
    const path = this.#pathOf(name)
    const folder = await realpath(dirname(path)).catch(absent)
    const root = await realpath(this.#root)
    if (folder === undefined || !`${folder}${sep}`.startsWith(`${root}${sep}`)) return false
    await rm(path, { force: true })
    return true
  }

  /** From another file system. */
  async #copy(from: string, to: string): Promise<void> {
    const partial = join(this.#root, PARTIAL)
    await mkdir(partial, { recursive: true, mode: 0o700 })
    const between = join(partial, randomUUID())
    await copyFile(from, between)
    await sync(between)
    await rename(between, to)
    await rm(from)
  }

  #pathOf(name: string): string {
    return join(this.#root, assertName(name))
  }

  async #listInto(found: Map<string, number>, folder: string): Promise<void> {
    const entries = await readdir(join(this.#root, folder), { withFileTypes: true }).catch(absent)
    for (const entry of entries ?? []) {
      const name = `${folder}/${entry.name}`
      if (entry.isDirectory()) await this.#listInto(found, name)
      else if (entry.isFile()) found.set(name, (await stat(join(this.#root, name))).size)
    }
  }
}

/** Has the disk keep what was written to a file or folder. */
async function sync(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
  throw error
}
