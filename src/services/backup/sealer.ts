/** What is secret in a backup is encrypted with age (age-encryption.org): `age -d -i key.txt` opens each file. */
import { gzipSync } from 'node:zlib'
import { Encrypter } from 'age-encryption'
import { BackupError } from './errors.ts'

/** Encrypts for whoever has the identity; nothing secret is needed for it. */
export class Sealer {
  readonly recipient: string
  readonly #encrypter = new Encrypter()

  /** @param recipient such as `age1…` @throws BackupError */
  constructor(recipient: string) {
    this.recipient = recipient
    try {
      this.#encrypter.addRecipient(recipient)
    } catch {
      throw new BackupError(
        `${recipient} is no age recipient: it begins with age1, as age-keygen shows it.`,
      )
    }
  }

  /** Compresses, then encrypts. */
  seal(plain: Uint8Array | string): Promise<Uint8Array> {
    return this.#encrypter.encrypt(new Uint8Array(gzipSync(plain)))
  }
}
