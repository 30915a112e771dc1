/** What a check of one file finds: what it complains of, each with its place. */
import type { Diagnostic } from '../diagnostics.ts'
import type { Place, PlacedMessage } from './shape.ts'

export class Complaints {
  readonly found: Diagnostic[] = []
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  add(message: string, place?: Place, severity: Diagnostic['severity'] = 'error'): void {
    this.found.push({
      severity,
      file: this.#file,
      ...(place && { line: place.line, column: place.column }),
      message,
    })
  }

  /**
   * The shape, if there is something to look at; otherwise it is said what is wrong with the file as a whole.
   *
   * @param misplaced why it cannot stand where it does
   * @param shape undefined: it was not read
   */
  readable<Shape extends { syntaxError?: PlacedMessage }>(
    misplaced: string | undefined,
    shape: Shape | undefined,
  ): Shape | undefined {
    if (misplaced !== undefined) this.add(misplaced)
    else if (shape?.syntaxError) this.add(shape.syntaxError.message, shape.syntaxError)
    else return shape
    return undefined
  }
}
