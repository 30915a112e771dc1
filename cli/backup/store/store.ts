/** Where a backup is kept: a folder, or a bucket that speaks S3. */
import type { Readable } from 'node:stream'

/** A file on this machine that is to be stored. */
export interface LocalFile {
  path: string
  /** Bytes. */
  size: number
  /** In hex. */
  sha256: string
}

/** Names are paths below the backup, such as `blobs/aa/bafk…`, of letters, digits, `-`, `_` and `.`. */
export interface BackupStore {
  /** As somebody typed it, for messages. */
  readonly name: string
  /** A folder of this machine for files that are on their way into the store. */
  readonly temporary: string
  /** All names below a folder of the backup, with their sizes. */
  list(folder: string): Promise<Map<string, number>>
  /** undefined: there is nothing of that name. */
  read(name: string): Promise<Readable | undefined>
  /** Stores a file, whole or not at all. It may be moved away from where it is. */
  write(name: string, file: LocalFile): Promise<void>
  /** @returns whether it is gone: what does not lie in the place itself is left */
  remove(name: string): Promise<boolean>
  /** To be called at the end. */
  close(): Promise<void>
}

/** A name that is safe in a path and in a URL. @throws TypeError */
export function assertName(name: string): string {
  const parts = name.split('/')
  if (parts.every((part) => /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(part))) return name
  throw new TypeError(`not a name in a backup: ${JSON.stringify(name)}`)
}
