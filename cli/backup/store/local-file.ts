/** Files of this machine that are on their way into a backup, or were read from one. */
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { BackupStore, ByteSource, KeptFile } from '../../../src/services/backup/store.ts'

/** A store that has a folder of this machine for them. */
export interface LocalStore extends BackupStore {
  readonly temporary: string
}

export class LocalFile implements KeptFile {
  readonly path: string
  readonly size: number
  readonly sha256: string

  private constructor(path: string, size: number, sha256: string) {
    this.path = path
    this.size = size
    this.sha256 = sha256
  }

  /** Writes a source to a new file in a folder. */
  static async keep(folder: string, source: ByteSource): Promise<LocalFile> {
    const path = join(folder, randomUUID())
    const hash = createHash('sha256')
    let size = 0
    await pipeline(
      Readable.from(source),
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          hash.update(chunk)
          size += chunk.byteLength
          yield chunk
        }
      },
      createWriteStream(path, { mode: 0o600 }),
    )
    return new LocalFile(path, size, hash.digest('hex'))
  }

  /** @throws TypeError for what another kind of store has kept */
  static of(file: KeptFile): LocalFile {
    if (file instanceof LocalFile) return file
    throw new TypeError('this is no file of this machine')
  }

  bytes(): AsyncIterable<Uint8Array> {
    return createReadStream(this.path, { highWaterMark: 256 * 1024 })
  }

  async discard(): Promise<void> {
    await rm(this.path, { force: true })
  }
}
