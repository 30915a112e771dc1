/** Whose a backup is, for whom it is encrypted, and with what it is opened. */
import { CommandError, UsageError } from '../terminal/errors.ts'
import { Prompts } from '../terminal/prompts.ts'
import { type BackupFiles, readSmall } from './files.ts'
import { type BackupConfig, CONFIG, FORMAT, IDENTITY, type StoredFile } from './format.ts'
import {
  makeIdentity,
  Opener,
  openIdentity,
  readIdentityFile,
  readPassphraseFile,
  Sealer,
} from './sealing.ts'
import { parseJson } from './shape.ts'
import type { BackupStore } from './store/store.ts'

/** How somebody says what opens a backup. */
export interface SecretArgs {
  /** Path of a file with an age identity. */
  identity?: string | undefined
  /** Path of a file with the passphrase. */
  'passphrase-file'?: string | undefined
}

export const secretArgs = {
  identity: { type: 'string', description: 'File with the age identity that opens the backup' },
  'passphrase-file': {
    type: 'string',
    description:
      'File with the passphrase of the backup (or CUMULUS_BACKUP_PASSPHRASE; otherwise it is asked for)',
  },
} as const

/** Letters of a passphrase that is made up by somebody, at least. */
const MIN_PASSPHRASE = 12

/** @returns undefined where no backup was made yet @throws CommandError, DamagedFileError */
export async function readConfig(store: BackupStore): Promise<BackupConfig | undefined> {
  const bytes = await readSmall(store, CONFIG)
  return bytes && parseJson('config', bytes.toString(), CONFIG)
}

export interface ConfigOptions extends Pick<SecretArgs, 'passphrase-file'> {
  host: string
  recipient: string | undefined
  now: string
}

/**
 * Reads the backup's settings, or begins a backup: encrypted for a recipient, or with a passphrase.
 *
 * @returns what encrypts, and the files at the root
 * @throws CommandError, UsageError
 */
export async function beginBackup(
  files: BackupFiles,
  options: ConfigOptions,
): Promise<{ sealer: Sealer; root: Record<string, StoredFile> }> {
  const { host, recipient } = options
  const { store } = files
  const known = await readConfig(store)
  if (known && known.host !== host) {
    throw new CommandError(
      `${store.name} holds backups of ${known.host}, not of ${host}: choose another place with --to.`,
    )
  }
  if (known && recipient !== undefined && recipient !== known.recipient) {
    throw new CommandError(
      `${store.name} is encrypted for ${known.recipient}, not for ${recipient}: choose another place with --to.`,
    )
  }
  if (!known) await makeConfig(files, options)
  const config = known ?? (await readConfig(store))
  if (!config) throw new CommandError(`${store.name} does not keep what is written to it.`)
  const root: Record<string, StoredFile> = {}
  for (const name of [IDENTITY, CONFIG]) {
    const stream = await store.read(name)
    if (!stream) continue
    const { path: _, ...file } = await files.keep(stream)
    root[name] = file
  }
  return { sealer: new Sealer(config.recipient), root }
}

async function makeConfig(files: BackupFiles, options: ConfigOptions): Promise<void> {
  const { host, recipient, now } = options
  const { store } = files
  let chosen = recipient
  if (chosen === undefined) {
    const passphrase = await newPassphrase(options['passphrase-file'])
    const made = await makeIdentity(passphrase)
    await files.write(IDENTITY, await files.keep([made.sealed]))
    chosen = made.recipient
  } else new Sealer(chosen)
  const config: BackupConfig = { format: FORMAT, host, recipient: chosen, createdAt: now }
  const text = `${JSON.stringify(config, null, 2)}\n`
  await store.write(CONFIG, await files.keep([Buffer.from(text)]))
}

async function newPassphrase(file: string | undefined): Promise<string> {
  const given = await givenPassphrase(file)
  const validate = (text: string) =>
    text.length < MIN_PASSPHRASE ? `at least ${MIN_PASSPHRASE} characters` : undefined
  if (given !== undefined) {
    const problem = validate(given)
    if (problem) throw new UsageError(`The passphrase is too short: ${problem}`)
    return given
  }
  const prompts = new Prompts({ yes: false })
  if (!prompts.canAsk) {
    throw new UsageError(
      'A first backup needs something to encrypt with: --recipient age1… (of `age-keygen`), or a passphrase ' +
        '(--passphrase-file, or CUMULUS_BACKUP_PASSPHRASE)',
    )
  }
  const flag = '--passphrase-file'
  const ask = (message: string) => prompts.password({ message, flag, given: undefined, validate })
  const passphrase = await ask('A passphrase for this backup. Without it nobody restores anything:')
  if ((await ask('Once more:')) !== passphrase) {
    throw new CommandError('The two passphrases are not the same: nothing was written.')
  }
  return passphrase
}

async function givenPassphrase(file: string | undefined): Promise<string | undefined> {
  if (file !== undefined) return readPassphraseFile(file)
  return process.env.CUMULUS_BACKUP_PASSPHRASE || undefined
}

/** What opens a backup. @throws CommandError, UsageError */
export async function openerOf(store: BackupStore, args: SecretArgs): Promise<Opener> {
  if (args.identity !== undefined) return new Opener(await readIdentityFile(args.identity))
  const read = await readSmall(store, IDENTITY)
  if (!read) {
    throw new UsageError(
      'This backup is encrypted for an age identity: name its file with --identity',
    )
  }
  const sealed = new Uint8Array(read)
  const given = await givenPassphrase(args['passphrase-file'])
  const passphrase =
    given ??
    (await new Prompts({ yes: false }).password({
      message: 'The passphrase of this backup:',
      flag: '--passphrase-file',
      given: undefined,
    }))
  return new Opener(await openIdentity(sealed, passphrase))
}
