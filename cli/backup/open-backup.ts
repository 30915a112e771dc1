/** One run of a backup, opened for reading. */
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { type FoundManifest, readIndex } from '../../src/services/backup/catalog.ts'
import { type Dump, parseDump } from '../../src/services/backup/dump.ts'
import { DamagedFileError } from '../../src/services/backup/errors.ts'
import { type BackupFiles, MAX_AT_ONCE } from '../../src/services/backup/files.ts'
import {
  type AccountIndex,
  type Manifest,
  type ManifestAccount,
  objectName,
  type StoredFile,
} from '../../src/services/backup/format.ts'
import type { HostSecrets } from '../../src/services/backup/host-secrets.ts'
import { type CarSource, mergeRepository } from '../../src/services/backup/repository.ts'
import { CommandError } from '../terminal/errors.ts'
import type { Opener } from './sealing.ts'
import { parseHostSecrets } from './secrets.ts'

export class OpenBackup {
  readonly files: BackupFiles
  readonly found: FoundManifest
  readonly #opener: Opener

  constructor(files: BackupFiles, found: FoundManifest, opener: Opener) {
    this.files = files
    this.found = found
    this.#opener = opener
  }

  get manifest(): Manifest {
    return this.found.manifest
  }

  /** @throws DamagedFileError */
  index(entry: ManifestAccount): Promise<AccountIndex> {
    return readIndex(this.files, entry)
  }

  /** The rows of an account. @throws DamagedFileError, CommandError */
  async rows({ rows }: AccountIndex): Promise<Dump> {
    const dump = await this.#dump(rows)
    if (dump.digest !== rows.digest) {
      throw new DamagedFileError(objectName(rows.sha256), 'it holds other rows than it should')
    }
    return dump
  }

  /** The rows of an object that there is one of. @throws CommandError where the backup is of one account */
  object(name: 'directory' | 'oauth' | 'sequencer' | 'app'): Promise<Dump> {
    const file = this.manifest.objects[name]
    if (!file) throw new CommandError('This backup is of one account, not of a host.')
    return this.#dump(file)
  }

  /** undefined: they are not in the backup. @throws DamagedFileError, CommandError */
  async secrets(): Promise<HostSecrets | undefined> {
    const { secrets } = this.manifest
    if (!secrets) return undefined
    return parseHostSecrets((await this.#open(secrets)).toString(), objectName(secrets.sha256))
  }

  parts({ repository }: AccountIndex): CarSource[] {
    return repository.parts.map(
      (part): CarSource =>
        () =>
          this.files.readObject(part),
    )
  }

  /** The repository as one CAR file, the same bytes each time. */
  car(index: AccountIndex): AsyncIterable<Uint8Array> {
    const parts = this.parts(index)
    const [only, ...others] = parts
    return only && others.length === 0 ? only() : mergeRepository(parts, index.did)
  }

  async #dump(file: StoredFile): Promise<Dump> {
    const text = (await this.#open(file)).toString()
    try {
      return parseDump(text)
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error
      throw new DamagedFileError(objectName(file.sha256), 'it holds no rows')
    }
  }

  async #open(file: StoredFile): Promise<Buffer> {
    const sealed = await buffer(this.files.readObject(file, MAX_AT_ONCE))
    const compressed = await this.#opener.open(new Uint8Array(sealed))
    return unpack(compressed, objectName(file.sha256))
  }
}

/** @param limit in bytes @throws DamagedFileError when it is more, or was not compressed */
export function unpack(compressed: Uint8Array, name: string, limit = MAX_AT_ONCE): Buffer {
  try {
    return gunzipSync(compressed, { maxOutputLength: limit })
  } catch {
    throw new DamagedFileError(name, `it is not compressed, or unpacks to more than ${limit} bytes`)
  }
}
