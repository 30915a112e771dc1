import type { DirectoryVersion } from '../../contracts/residents.ts'

/** Changes that are remembered: who has missed more forgets all that it has cached. */
const REMEMBERED = 1_000

/** Which accounts were changed lately, counted from the start of the object, for those who cache them. Nothing is stored. */
export class RecentChanges {
  #life = crypto.randomUUID()
  #changes = 0
  /** DIDs of the last ones, the newest last. */
  #last: string[] = []

  /** An account has other names, or is gone. To be called in the turn of the change. */
  note(did: string): void {
    this.#changes++
    this.#last.push(did)
    // Now and then, not with each.
    if (this.#last.length >= 2 * REMEMBERED) this.#last = this.#last.slice(-REMEMBERED)
  }

  /** Everything may be different. */
  begin(): void {
    this.#life = crypto.randomUUID()
    this.#changes = 0
    this.#last = []
  }

  get version(): DirectoryVersion {
    return { life: this.#life, changes: this.#changes }
  }

  /** DIDs of those that were changed after a version; undefined: it is of another life, or too long ago. */
  since(version: DirectoryVersion | undefined): string[] | undefined {
    if (version?.life !== this.#life) return undefined
    const missed = this.#changes - version.changes
    if (missed < 0 || missed > this.#last.length) return undefined
    return missed === 0 ? [] : [...new Set(this.#last.slice(-missed))]
  }
}
