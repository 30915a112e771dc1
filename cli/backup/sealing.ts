/** Opens what is encrypted in a backup (`src/services/backup/sealer.ts`), and makes what opens it. */
import { readFile } from 'node:fs/promises'
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { CommandError } from '../terminal/errors.ts'

/** Decrypts what a Sealer has encrypted. */
export class Opener {
  readonly #decrypter = new Decrypter()

  /** @param identity such as `AGE-SECRET-KEY-1…` */
  constructor(identity: string) {
    this.#decrypter.addIdentity(identity)
  }

  /** @returns what was compressed @throws CommandError when it was encrypted for somebody else */
  async open(sealed: Uint8Array): Promise<Uint8Array> {
    try {
      return await this.#decrypter.decrypt(sealed)
    } catch {
      throw new CommandError('This identity does not open the backup: it was made for another one.')
    }
  }
}

/** Makes an identity for a backup, and encrypts it with a passphrase, as `age -p` does. */
export async function makeIdentity(
  passphrase: string,
): Promise<{ recipient: string; sealed: Uint8Array }> {
  const identity = await generateX25519Identity()
  const recipient = await identityToRecipient(identity)
  const encrypter = new Encrypter()
  encrypter.setPassphrase(passphrase)
  return { recipient, sealed: await encrypter.encrypt(`${identity}\n`) }
}

/** @throws CommandError when the passphrase is another one */
export async function openIdentity(sealed: Uint8Array, passphrase: string): Promise<string> {
  const decrypter = new Decrypter()
  decrypter.addPassphrase(passphrase)
  try {
    return (await decrypter.decrypt(sealed, 'text')).trim()
  } catch {
    throw new CommandError('The passphrase is not the one that the backup was made with.')
  }
}

/** Reads the identity in a file as `age-keygen` writes it. @throws CommandError */
export async function readIdentityFile(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const identity = /^AGE-SECRET-KEY-\S+$/m.exec(text)?.[0]
  if (identity) return identity
  throw new CommandError(`There is no age identity in ${path}: it begins with AGE-SECRET-KEY-.`)
}

/** The first line of a file. @throws CommandError */
export async function readPassphraseFile(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new CommandError(`${path} cannot be read: it should hold the passphrase.`)
  })
  return text.split('\n')[0]?.trimEnd() ?? ''
}
