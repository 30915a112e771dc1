/** With what a backup is opened, and how somebody says so. */
import { readSmall } from '../../src/services/backup/files.ts'
import { IDENTITY } from '../../src/services/backup/format.ts'
import type { BackupStore } from '../../src/services/backup/store.ts'
import { CommandError, UsageError } from '../terminal/errors.ts'
import { Prompts } from '../terminal/prompts.ts'
import {
  makeIdentity,
  Opener,
  openIdentity,
  readIdentityFile,
  readPassphraseFile,
} from './sealing.ts'

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

/** A first backup without a recipient: encrypted with a passphrase. @throws CommandError, UsageError */
export async function chooseIdentity(
  file: string | undefined,
): Promise<{ recipient: string; sealed: Uint8Array }> {
  return makeIdentity(await newPassphrase(file))
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
