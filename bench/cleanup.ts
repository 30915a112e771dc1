/** What a run has started or written, undone in reverse order, also after a failure or Ctrl-C. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { progress } from './progress.ts'

export class Cleanup {
  readonly #undo: (() => Promise<void> | void)[] = []
  /** Whether the run was stopped, so that what it still measures says nothing. */
  interrupted = false

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.once(signal, () => {
        this.interrupted = true
        void this.run().finally(() => process.exit(130))
      })
    }
  }

  add(undo: () => Promise<void> | void): void {
    // It was started while the run was being stopped.
    if (this.interrupted) return void undo()
    this.#undo.push(undo)
  }

  /** A temporary folder that goes away with the run. */
  folder(): string {
    if (this.interrupted) throw new Error('the run was stopped')
    const path = mkdtempSync(join(tmpdir(), 'cumulus-bench-'))
    this.add(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }))
    return path
  }

  async run(): Promise<void> {
    for (let undo = this.#undo.pop(); undo; undo = this.#undo.pop()) {
      try {
        await undo()
      } catch (error) {
        progress(`clean-up: ${error instanceof Error ? error.message : error}`)
      }
    }
  }
}
