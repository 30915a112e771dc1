/** The accounts that have allowed to be written for: each by an app password that its owner made. */
import { readFileSync, statSync } from 'node:fs'
import { CommandError, UsageError } from '../terminal/errors.ts'

export interface Allowed {
  /** Handle or DID. */
  account: string
  password: string
}

/**
 * Reads a file with a line `<handle or DID> <app password>` for each account; `#` begins a comment.
 *
 * @throws CommandError when others may read the file; UsageError for a line that is none
 */
export function readAllowed(path: string): Allowed[] {
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
    throw new CommandError(`${path} holds passwords, and others may read it: chmod 600 ${path}`)
  }
  const found = readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line, index) => {
      const words = line.replace(/#.*/, '').trim().split(/\s+/)
      if (words.length === 1 && words[0] === '') return []
      const [account, password] = words
      if (words.length === 2 && account && password) return [{ account, password }]
      throw new UsageError(`${path}:${index + 1} is not a line of an account and an app password`)
    })
  if (found.length === 0) throw new UsageError(`${path} names no account`)
  return found
}
