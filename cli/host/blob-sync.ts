/** Puts the files of blobs on the disk for good: workerd's disk service writes and renames them, and leaves it at that. */
import { closeSync, fstatSync, fsync, openSync } from 'node:fs'
import { join } from 'node:path'

/** Folder and file of a blob, as `src/services/blobs/upload.ts` makes keys. */
const KEY = /^\w[\w.-]*\/\w[\w-]*$/

/** Folders that are known to be in theirs for good. */
const MAX_KNOWN = 10_000

/** The blobs of one data folder. */
export class BlobSync {
  readonly #folder: string
  readonly #sync: typeof syncPath
  /** Which folder it was, by account: that of one who has left and come back is another. */
  readonly #known = new Map<string, string>()

  /** @param folder that holds those of the accounts */
  constructor(folder: string, sync = syncPath) {
    this.#folder = folder
    this.#sync = sync
  }

  /** Resolves when a file, and what leads to it, would be there after a power cut. @throws Error when it is not there, or the disk fails */
  async sync(key: string): Promise<void> {
    if (!KEY.test(key)) throw new RangeError('this is no key of a blob')
    const account = key.slice(0, key.indexOf('/'))
    const [folder] = await Promise.all([
      this.#sync(join(this.#folder, account)),
      this.#sync(join(this.#folder, key)),
    ])
    if (this.#known.get(account) === folder) return
    await this.#sync(this.#folder)
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    this.#known.set(account, folder)
  }
}

/**
 * Opens and closes at once: what was just written is in memory, and each way to a thread of its own would take longer.
 *
 * @returns which file or folder it was: another one under the same name is another
 */
export async function syncPath(path: string): Promise<string> {
  const file = openSync(path, 'r')
  try {
    await new Promise<void>((resolve, reject) => {
      fsync(file, (error) => (error ? reject(error) : resolve()))
    })
    const { ino, birthtimeNs } = fstatSync(file, { bigint: true })
    return `${ino} ${birthtimeNs}`
  } finally {
    closeSync(file)
  }
}
