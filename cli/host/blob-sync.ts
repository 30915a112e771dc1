/** Puts the files of blobs on the disk for good: workerd's disk service writes and renames them, and leaves it at that. */
import { open } from 'node:fs/promises'
import { join } from 'node:path'

/** Folder and file of a blob, as `src/services/blobs/upload.ts` makes keys. */
const KEY = /^\w[\w.-]*\/\w[\w-]*$/

/** Folders that are known to be in theirs for good. */
const MAX_KNOWN = 10_000

/** The blobs of one data folder. */
export class BlobSync {
  readonly #folder: string
  readonly #known = new Set<string>()

  /** @param folder that holds those of the accounts */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** Resolves when a file, and what leads to it, would be there after a power cut. @throws Error when it is not there, or the disk fails */
  async sync(key: string): Promise<void> {
    if (!KEY.test(key)) throw new RangeError('this is no key of a blob')
    const account = key.slice(0, key.indexOf('/'))
    const isKnown = this.#known.has(account)
    await Promise.all([
      sync(join(this.#folder, key)),
      sync(join(this.#folder, account)),
      isKnown ? undefined : sync(this.#folder),
    ])
    if (isKnown) return
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    this.#known.add(account)
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path)
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
