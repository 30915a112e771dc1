/** Where a page of an index ended: the values of its last row, which no client is to look into. */
import { StorageError } from '../error.ts'

/** What a client is given. */
export const makeCursor = (values: readonly (string | number)[]): string =>
  btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(values))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

/** The values again. @throws StorageError `InvalidRequest` unless there are so many */
export function readCursor(cursor: string, length: number): (string | number)[] {
  try {
    const text = atob(cursor.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0))
    const values: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (Array.isArray(values) && values.length === length && values.every(isKey)) return values
  } catch {
    // Told below, like one that is of another index.
  }
  throw new StorageError('InvalidRequest', 'The cursor is none of this index')
}

const isKey = (value: unknown): value is string | number =>
  typeof value === 'string' || typeof value === 'number'
