/** Whose a backup is, and for whom it is encrypted. */
import { createHash } from 'node:crypto'
import { BackupError } from './errors.ts'
import { type BackupFiles, readSmall } from './files.ts'
import { type BackupConfig, CONFIG, FORMAT, IDENTITY, type StoredFile } from './format.ts'
import { Sealer } from './sealer.ts'
import { parseJson } from './shape.ts'
import type { BackupStore } from './store.ts'

/** @returns undefined where no backup was made yet @throws BackupError, DamagedFileError */
export async function readConfig(store: BackupStore): Promise<BackupConfig | undefined> {
  const bytes = await readSmall(store, CONFIG)
  return bytes && parseJson('config', bytes.toString(), CONFIG)
}

export interface ConfigOptions {
  /** Public URL. */
  host: string
  /** undefined: whoever the backup is for already. */
  recipient: string | undefined
  /** ISO 8601. */
  now: string
  /** For whom a first backup is encrypted, where no recipient is given, and what opens it, encrypted. */
  choose(): Promise<{ recipient: string; sealed: Uint8Array }>
}

/**
 * Reads the backup's settings, or begins a backup.
 *
 * @returns what encrypts, and the files at the root
 * @throws BackupError where it is somebody else's; what `choose` throws
 */
export async function beginBackup(
  files: BackupFiles,
  options: ConfigOptions,
): Promise<{ sealer: Sealer; root: Record<string, StoredFile> }> {
  const { host, recipient } = options
  const { store } = files
  const known = await readConfig(store)
  if (known && known.host !== host) {
    throw new BackupError(
      `${store.name} holds backups of ${known.host}, not of ${host}: choose another place (--to), or another bucket (BACKUPS).`,
    )
  }
  if (known && recipient !== undefined && recipient !== known.recipient) {
    throw new BackupError(
      `${store.name} is encrypted for ${known.recipient}, not for ${recipient}: choose another place (--to), or another bucket (BACKUPS).`,
    )
  }
  if (!known && !files.isEmpty) {
    throw new BackupError(
      `${store.name} holds a backup, and ${CONFIG} is gone from it: what was encrypted for one recipient would be mixed with what ` +
        'is encrypted for another. Put that file back, or choose another place (--to), or another bucket (BACKUPS).',
    )
  }
  if (!known) await makeConfig(files, options)
  const config = known ?? (await readConfig(store))
  if (!config) throw new BackupError(`${store.name} does not keep what is written to it.`)
  const root: Record<string, StoredFile> = {}
  for (const name of [IDENTITY, CONFIG]) {
    const bytes = await readSmall(store, name)
    if (!bytes) continue
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    root[name] = { sha256, size: bytes.byteLength }
  }
  return { sealer: new Sealer(config.recipient), root }
}

async function makeConfig(
  files: BackupFiles,
  { host, recipient, now, choose }: ConfigOptions,
): Promise<void> {
  let chosen = recipient
  if (chosen === undefined) {
    const made = await choose()
    await files.write(IDENTITY, await files.keep([made.sealed]))
    chosen = made.recipient
  } else new Sealer(chosen)
  const config: BackupConfig = { format: FORMAT, host, recipient: chosen, createdAt: now }
  const text = `${JSON.stringify(config, null, 2)}\n`
  await files.store.write(CONFIG, await files.keep([Buffer.from(text)]))
}
