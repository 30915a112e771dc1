import { MalformedCborError } from '../../kernel/cbor/reader.ts'
import { type FoundBlob, scanRecord } from '../../kernel/cbor/scan.ts'
import { recordToJson } from '../../kernel/cbor/to-json.ts'
import { hasCapitalsInDomain } from '../../routing/nsid.ts'
import { MAX_RECORD_SIZE } from './writes.ts'

/** Most of the unclean records of an import that are named. */
const MAX_NAMED = 100

/** A record that was imported as it is, and could not be written here. */
export interface UncleanRecord {
  /** `<collection>/<rkey>` */
  path: string
  reason: string
  /** Whether it is shown as JSON; if not, it is in CAR files only. */
  readable: boolean
}

export interface UncleanRecords {
  /** How many there are. */
  count: number
  /** The first hundred of them. */
  records: UncleanRecord[]
}

/**
 * Looks at the records of an import. Real repositories have some that break the rules of the data model, and whoever
 * moves is to keep them: they are stored as they are, and named.
 */
export class RecordInspector {
  readonly unclean: UncleanRecords = { count: 0, records: [] }

  /** The blobs that a record refers to, as far as it can be read. */
  inspect(path: string, block: Uint8Array): readonly FoundBlob[] {
    const { byteLength } = block
    const strict = scan(block, false)
    const read = typeof strict === 'string' ? scan(block, true) : strict
    const collection = path.slice(0, path.indexOf('/'))
    const isReadable = () => recordToJson(block) !== undefined
    if (hasCapitalsInDomain(collection)) {
      this.#note(path, 'its collection has capitals in the domain', () => false)
    } else if (typeof strict === 'string') this.#note(path, strict, isReadable)
    else if (byteLength > MAX_RECORD_SIZE) {
      this.#note(path, `it has ${byteLength} bytes, more than ${MAX_RECORD_SIZE}`, isReadable)
    }
    return typeof read === 'string' ? [] : read
  }

  #note(path: string, reason: string, isReadable: () => boolean): void {
    this.unclean.count++
    if (this.unclean.count > MAX_NAMED) return
    this.unclean.records.push({ path, reason, readable: isReadable() })
  }
}

/** The blobs, or what is wrong. */
function scan(block: Uint8Array, lenient: boolean): FoundBlob[] | string {
  try {
    return scanRecord(block, { lenient }).blobs
  } catch (error) {
    if (error instanceof MalformedCborError) return error.message
    throw error
  }
}
