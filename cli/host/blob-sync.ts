/** Puts the files of blobs on the disk for good: workerd's disk service writes and renames them, and leaves it at that. */
import { closeSync, fsync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Folder and file of a blob, as `src/services/blobs/upload.ts` makes keys. */
const KEY = /^\w[\w.-]*\/\w[\w-]*$/

/** Folders of accounts that are known to be there for good. */
const MAX_KNOWN = 10_000

/** The blobs of one data folder. */
export class BlobSync {
  readonly #folder: string
  /** What tells the folder of an account from one that was there before it. */
  readonly #known = new Map<string, string>()

  readonly #sync: (path: string) => Promise<void>

  /**
   * @param folder that holds those of the accounts
   * @param sync puts what is at a path on the disk
   */
  constructor(folder: string, sync = syncPath) {
    this.#folder = folder
    this.#sync = sync
  }

  /** Resolves when a file, and what leads to it, would be there after a power cut. @throws Error when it is not there, or the disk fails */
  async sync(key: string): Promise<void> {
    if (!KEY.test(key)) throw new RangeError('this is no key of a blob')
    const account = key.slice(0, key.indexOf('/'))
    const folder = join(this.#folder, account)
    const { ino, birthtimeNs } = statSync(folder, { bigint: true })
    const identity = `${ino} ${birthtimeNs}`
    const isKnown = this.#known.get(account) === identity
    await Promise.all([
      this.#sync(join(this.#folder, key)),
      this.#sync(folder),
      isKnown ? undefined : this.#sync(this.#folder),
    ])
    if (isKnown) return
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    this.#known.set(account, identity)
  }
}

/** Opened and closed at once: what was just written is in memory, and each way to a thread of its own would take longer. */
function syncPath(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const file = openSync(path, 'r')
    fsync(file, (error) => {
      closeSync(file)
      if (error) reject(error)
      else resolve()
    })
  })
}
