import { decodeCid, toBase64 } from '@atproto/lex-data'
import { CID_LENGTH, cidString } from './cid.ts'
import {
  CborReader,
  Major,
  MalformedCborError,
  quoteText,
  type ReaderOptions,
  Simple,
} from './reader.ts'

/**
 * Writes a DAG-CBOR block as JSON text, links as `$link` and byte strings as `$bytes` (data model
 * specification, JSON representation). What a general codec builds on the way, objects and their
 * copies, takes several times as long as the text.
 *
 * @throws MalformedCborError
 */
export function cborToJson(block: Uint8Array, options?: ReaderOptions): string {
  const reader = new CborReader(block, options)
  const json = valueToJson(reader)
  reader.end()
  return json
}

/** Bytes of the largest record that is written here; in a larger one values are counted, as a lenient reader does. */
const MAX_CLEAN = 1_000_000

/** Characters of JSON that a record may have; of one that could not be written here as far as its bytes tell, too. */
const MAX_JSON = 8 * 1024 * 1024

/** Characters that a control character takes, a quote or a backslash: `\\u0001`. */
const ESCAPED = 6

/**
 * A stored record as JSON text, also of one that was imported and could not be written here: `undefined` becomes
 * null, as a number that is none does, and what is no UTF-8 the replacement character.
 *
 * @returns undefined where there is no JSON for it
 */
export function recordToJson(block: Uint8Array): string | undefined {
  if ((block[0] ?? 0) >> 5 !== Major.Map) return undefined
  const mayBeClean = block.byteLength <= MAX_CLEAN
  const clean = mayBeClean ? attempt(block, {}) : undefined
  return clean ?? (isModest(block) ? attempt(block, { lenient: true }) : undefined)
}

/** Whether the texts of a block are not much larger as JSON: anybody may ask for it, and many at once. */
function isModest(block: Uint8Array): boolean {
  if (block.byteLength * ESCAPED <= MAX_JSON) return true
  let length = 0
  for (const byte of block) length += byte < 0x20 || byte === 0x22 || byte === 0x5c ? ESCAPED : 1
  return length <= MAX_JSON
}

function attempt(block: Uint8Array, options: ReaderOptions): string | undefined {
  try {
    return cborToJson(block, options)
  } catch (error) {
    if (error instanceof MalformedCborError) return undefined
    throw error
  }
}

function valueToJson(reader: CborReader): string {
  reader.head()
  switch (reader.major) {
    case Major.Uint:
    case Major.Negative:
      return reader.integer()
    case Major.Bytes:
      return `{"$bytes":"${toBase64(reader.byteString(), 'base64')}"}`
    case Major.Text:
      return reader.quotedText()
    case Major.Array:
      return arrayToJson(reader)
    case Major.Map:
      return mapToJson(reader)
    case Major.Tag:
      return `{"$link":"${linkText(reader.link())}"}`
    default:
      return simpleToJson(reader)
  }
}

function simpleToJson({ isFloat, value }: CborReader): string {
  // Infinite numbers and those that are none are null there.
  if (isFloat) return JSON.stringify(value)
  return value === Simple.False ? 'false' : value === Simple.True ? 'true' : 'null'
}

/** Those of other lengths are not all base32. */
const linkText = (cid: Uint8Array): string =>
  cid.byteLength === CID_LENGTH ? cidString(cid) : decodeCid(cid).toString()

function arrayToJson(reader: CborReader): string {
  const pieces = new Pieces('[')
  reader.eachItem((index) => {
    const value = valueToJson(reader)
    pieces.add(index === 0 ? value : `,${value}`)
  })
  return pieces.end(']')
}

function mapToJson(reader: CborReader): string {
  const pieces = new Pieces('{')
  reader.eachEntry((key, index) => {
    pieces.add(`${index === 0 ? '' : ','}${quoteText(key)}:${valueToJson(reader)}`)
  })
  return pieces.end('}')
}

/** Characters of a text that may consist of the pieces that it was made of. */
const LOOSE = 1024

/**
 * A text that grows by pieces. What `+` makes of two texts is 32 bytes that refer to both, and a million values in a block
 * of a megabyte would take a hundred: so what has become a little longer is made one text.
 */
class Pieces {
  #whole = ''
  #loose: string

  constructor(start: string) {
    this.#loose = start
  }

  /** @throws MalformedCborError when it is more than `MAX_JSON` by now */
  add(piece: string): void {
    if (piece.length > LOOSE) {
      // It is whole, and not to be copied once for each array that it is in.
      this.#gather()
      this.#whole += piece
    } else {
      this.#loose += piece
      if (this.#loose.length > LOOSE) this.#gather()
    }
    if (this.#whole.length > MAX_JSON) throw new MalformedCborError('it is too long as JSON')
  }

  end(end: string): string {
    return `${this.#whole}${this.#loose}${end}`
  }

  #gather(): void {
    this.#whole += Buffer.from(this.#loose).toString()
    this.#loose = ''
  }
}
