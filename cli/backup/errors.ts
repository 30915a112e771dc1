import { BackupError, DamagedFileError, RefusedError } from '../../src/services/backup/errors.ts'
import { RepositoryError } from '../../src/services/backup/repository.ts'
import { CommandError, InterruptedError } from '../terminal/errors.ts'

/** Runs a command whose failures are for whoever runs it, in a sentence. @throws CommandError, InterruptedError */
export async function withBackupErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') throw new InterruptedError()
    if (error instanceof DamagedFileError) {
      throw new CommandError(
        `The backup is damaged. ${error.message}. docs/backup.md, “When a file is damaged”, says what helps.`,
      )
    }
    if (error instanceof BackupError) throw new CommandError(error.message)
    if (error instanceof RefusedError) throw new CommandError(explain(error))
    if (error instanceof RepositoryError) {
      throw new CommandError(`A repository cannot be read: ${error.message}.`)
    }
    throw error
  }
}

function explain({ status, reason, message }: RefusedError): string {
  if (reason === 'AccountExists') {
    return `${message}: with --overwrite all of it becomes as it was in the backup, and what came since is lost.`
  }
  return status === 404
    ? 'The host does not know what a backup asks for: update Cumulus there.'
    : `The host refused: ${message}`
}
