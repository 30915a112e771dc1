const KEY = 'data location'

/** Records where the data of this host are, at the first call; returns what was recorded. */
export function recordLocation(storage: DurableObjectStorage, location: string): string {
  const recorded = storage.kv.get<string>(KEY)
  if (recorded !== undefined) return recorded
  storage.kv.put(KEY, location)
  return location
}
