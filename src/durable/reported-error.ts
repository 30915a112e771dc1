/** For the log: what code of the app threw where it ran, with the places that it threw it at. */
import type { Failure } from '../contracts/failure.ts'

export class ReportedError extends Error {
  constructor({ error, stack = '' }: Failure) {
    const [, name = 'Error', message = error] = /^([A-Za-z]\w*): ([\s\S]*)$/.exec(error) ?? []
    super(message)
    this.name = name
    // That of this place says nothing.
    this.stack = stack
  }
}
