const KEY = 'data location'

/** Where the data of this host are. */
export class Location {
  readonly #storage: DurableObjectStorage
  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  /** Records the location, unless one is recorded. @returns what was recorded first */
  record(location: string): string {
    const recorded = this.#storage.kv.get<string>(KEY)
    if (recorded !== undefined) return recorded
    this.#storage.kv.put(KEY, location)
    return location
  }
}
