/** What may be wrong with a backup, or with the host that it is made of. */

/** Something that whoever runs the backup can mend, in a sentence. */
export class BackupError extends Error {
  override name = 'BackupError'
}

/** A file of the backup is missing, or not what it was when it was written. */
export class DamagedFileError extends Error {
  override name = 'DamagedFileError'
  readonly file: string
  constructor(file: string, problem: string) {
    super(`${file}: ${problem}`)
    this.file = file
  }
}

/** What a host refuses. */
export class RefusedError extends Error {
  override name = 'RefusedError'
  readonly status: number
  /** XRPC error name. */
  readonly reason: string
  constructor(status: number, reason: string, message: string) {
    super(message)
    this.status = status
    this.reason = reason
  }
}
