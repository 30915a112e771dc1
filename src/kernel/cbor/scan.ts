import { cidBytes, isProtocolCid } from './cid.ts'
import { CborReader, Major, MalformedCborError, type ReaderOptions } from './reader.ts'

/** A blob reference found in a record, also of a form that is not written any more. */
export interface FoundBlob {
  /** Binary CID. */
  cid: Uint8Array
  mimeType: string
  /** Bytes; -1: it does not say. */
  size: number
}

/** What can be told of a record without building it. */
export interface ScannedRecord {
  /** Its `$type`, if it is a text. */
  type: string | undefined
  blobs: FoundBlob[]
}

/**
 * Goes through a block that should be a record: a map in DAG-CBOR, canonical unless `lenient`.
 *
 * @throws MalformedCborError
 */
export function scanRecord(block: Uint8Array, options?: ReaderOptions): ScannedRecord {
  const reader = new CborReader(block, options)
  const blobs: FoundBlob[] = []
  reader.head()
  if (reader.major !== Major.Map) throw new MalformedCborError('a record must be a map')
  const type = scanMap(reader, blobs)
  reader.end()
  return { type, blobs }
}

/**
 * What a record is about: its `subject`, if that is a text, or the `uri` in it, if it is a strong ref.
 *
 * @throws MalformedCborError
 */
export function scanSubject(block: Uint8Array, options?: ReaderOptions): string | undefined {
  const reader = new CborReader(block, options)
  let subject: string | undefined
  reader.head()
  if (reader.major !== Major.Map) return undefined
  reader.eachEntry((key) => {
    if (key !== 'subject') return scanValue(reader, [])
    reader.head()
    if (reader.major === Major.Text) subject = reader.text()
    else if (reader.major === Major.Map) subject = textAt(reader, 'uri')
    else if (reader.major === Major.Tag) reader.link()
    else skip(reader, [])
  })
  return subject
}

/** The text under `wanted` in the map whose head was just read. */
function textAt(reader: CborReader, wanted: string): string | undefined {
  let found: string | undefined
  reader.eachEntry((key) => {
    if (key !== wanted) return scanValue(reader, [])
    reader.head()
    if (reader.major === Major.Text) found = reader.text()
    else if (reader.major === Major.Tag) reader.link()
    else skip(reader, [])
  })
  return found
}

function scanValue(reader: CborReader, blobs: FoundBlob[]): void {
  reader.head()
  switch (reader.major) {
    case Major.Bytes:
      reader.byteString()
      break
    case Major.Text:
      reader.text()
      break
    case Major.Array:
      reader.eachItem(() => scanValue(reader, blobs))
      break
    case Major.Map:
      scanMap(reader, blobs)
      break
    case Major.Tag:
      reader.link()
  }
}

/** Scans a map and returns its `$type`. */
function scanMap(reader: CborReader, blobs: FoundBlob[]): string | undefined {
  let type: string | undefined
  let mimeType: string | undefined
  let size: number | undefined
  let cid: Uint8Array | undefined
  let cidText: string | undefined
  let entries = 0
  reader.eachEntry((key) => {
    entries++
    if (!BLOB_KEYS.has(key)) {
      scanValue(reader, blobs)
      return
    }
    reader.head()
    const { major, value } = reader
    if (major === Major.Text) {
      const text = reader.text()
      if (key === '$type') type = text
      else if (key === 'mimeType') mimeType = text
      else if (key === 'cid') cidText = text
    } else if (major === Major.Tag) {
      const link = reader.link()
      // No blob has a CID of another kind.
      if (key === 'ref' && isProtocolCid(link)) cid = link
    } else {
      if (key === 'size' && major === Major.Uint) size = value
      else if (key === 'size' && major === Major.Negative) size = -1
      skip(reader, blobs)
    }
  })
  if (type === 'blob' && mimeType !== undefined && size !== undefined && cid) {
    blobs.push({ cid, mimeType, size })
  } else if (entries === 2 && cidText !== undefined && mimeType !== undefined) {
    const legacy = parseBlobCid(cidText)
    if (legacy) blobs.push({ cid: legacy, mimeType, size: -1 })
  }
  return type
}

/** Keys of a blob reference; `cid` of its legacy form, which has only that, as a text, and `mimeType`. */
const BLOB_KEYS: ReadonlySet<string> = new Set(['$type', 'mimeType', 'ref', 'size', 'cid'])

function parseBlobCid(text: string): Uint8Array | undefined {
  try {
    return cidBytes(text)
  } catch {
    return undefined
  }
}

/** Passes over an item that is neither text nor link and whose head was read. */
function skip(reader: CborReader, blobs: FoundBlob[]): void {
  if (reader.major === Major.Bytes) reader.byteString()
  else if (reader.major === Major.Array) reader.eachItem(() => scanValue(reader, blobs))
  else if (reader.major === Major.Map) scanMap(reader, blobs)
}
