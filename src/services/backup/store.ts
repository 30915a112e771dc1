/** Where a backup is kept: a folder or a bucket that speaks S3 (`cli/backup/store/`), or a bucket of the Worker. */

/** Bytes that were read from somewhere, and are not in the backup yet. */
export interface KeptFile {
  /** Bytes. */
  readonly size: number
  /** In hex. */
  readonly sha256: string
  bytes(): AsyncIterable<Uint8Array>
  /** It is not needed any more. */
  discard(): Promise<void>
}

export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** Names are paths below the backup, such as `blobs/aa/bafk…`, of letters, digits, `-`, `_` and `.`. */
export interface BackupStore {
  /** As somebody typed it, for messages. */
  readonly name: string
  /** Keeps bytes beside the backup, and hashes them on their way. */
  keep(source: ByteSource): Promise<KeptFile>
  /** All names below a folder of the backup, with their sizes. */
  list(folder: string): Promise<Map<string, number>>
  /** undefined: there is nothing of that name. */
  read(name: string): Promise<AsyncIterable<Uint8Array> | undefined>
  /** Stores what it has kept, whole or not at all; that is not kept any more afterwards. */
  write(name: string, file: KeptFile): Promise<void>
  /** @returns how many are gone: what does not lie in the place itself is left */
  remove(...names: string[]): Promise<number>
  /** To be called at the end. */
  close(): Promise<void>
}

/** Whether a name is safe in a path and in a URL. */
export const isName = (name: string): boolean =>
  name.split('/').every((part) => /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(part))

/** @throws TypeError for a name that is not safe */
export function assertName(name: string): string {
  if (isName(name)) return name
  throw new TypeError(`not a name in a backup: ${JSON.stringify(name)}`)
}
