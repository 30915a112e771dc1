/**
 * Reads DAG-CBOR item by item without building objects (data model specification, DRISL). Takes the one
 * canonical encoding of a value and nothing else, unless it is told to be lenient. For the two places where
 * records pass by in thousands: reading lists of them, and importing repositories.
 */
import { decodeCid } from '@atproto/lex-data'
import { isProtocolCid } from './cid.ts'
import { halfFloat } from './half-float.ts'

/** A block is not canonical DAG-CBOR, or, to a lenient reader, none that has a place in JSON. */
export class MalformedCborError extends Error {
  override name = 'MalformedCborError'
}

export const Major = {
  Uint: 0,
  Negative: 1,
  Bytes: 2,
  Text: 3,
  Array: 4,
  Map: 5,
  Tag: 6,
  Simple: 7,
} as const

/** What simple values are. */
export const Simple = { False: 20, True: 21, Null: 22, Undefined: 23 } as const

/** How deep arrays and maps may nest. */
const MAX_DEPTH = 128
/** The same to a lenient reader, which must not run out of stack. */
const MAX_LENIENT_DEPTH = 512
/** How many items a lenient reader reads: each takes memory as JSON, and a large block may have one in each byte. */
const MAX_LENIENT_ITEMS = 1_000_000
const CID_TAG = 42

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lenientUtf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })

/** A character that is not itself in JSON, or not ASCII. */
const SPECIAL = /[^ !#-[\]-~]/
const NOT_ASCII = /[^\0-\x7f]/

export interface ReaderOptions {
  /**
   * Takes what records hold that were written by less careful software too: floats, `undefined`, integers of 64 bits,
   * heads that are too long, keys in any order, links of any kind, texts that are no UTF-8, deeper nesting.
   */
  lenient?: boolean
}

export class CborReader {
  readonly bytes: Uint8Array
  /** Major type and argument of the item whose head was read last; of a float its value. */
  major = 0
  value = 0
  /** Whether the item whose head was read last is a float; to a lenient reader only. */
  isFloat = false
  readonly #lenient: boolean
  /** A character for each byte: most texts are slices of it, which nothing has to decode. */
  readonly #characters: string
  #at = 0
  #depth = 0
  #items = 0

  constructor(bytes: Uint8Array, { lenient = false }: ReaderOptions = {}) {
    this.bytes = bytes
    this.#lenient = lenient
    const { buffer, byteOffset, byteLength } = bytes
    this.#characters = Buffer.from(buffer, byteOffset, byteLength).toString('latin1')
  }

  /** Reads the head of the next item into `major` and `value`. */
  head(): void {
    const first = this.#byte()
    this.major = first >> 5
    const info = first & 31
    if (info < 24) this.value = info
    else if (info === 24) this.value = this.#atLeast(this.#byte(), 24)
    else if (info === 25) this.value = this.#atLeast(this.#uint(2), 0x100)
    else if (info === 26) this.value = this.#atLeast(this.#uint(4), 0x10000)
    else if (info === 27) this.value = this.#atLeast(this.#uint(8), 0x100000000)
    else throw malformed('a length is indefinite or reserved')
    if (this.#lenient) this.#lenientHead(info)
    else this.#assertClean(info)
  }

  /** The integer whose head was just read, in decimal digits: it may have more than a number of JavaScript. */
  integer(): string {
    const { value } = this
    if (Number.isSafeInteger(value)) return String(this.major === Major.Uint ? value : -1 - value)
    const exact = this.#view(8).getBigUint64(0)
    return String(this.major === Major.Uint ? exact : -1n - exact)
  }

  /** The text whose head was just read. */
  text(): string {
    const [start, end] = this.#take(this.value)
    const text = this.#characters.slice(start, end)
    return NOT_ASCII.test(text) ? this.#decode(start, end) : text
  }

  /** The same as JSON, in its quotes. */
  quotedText(): string {
    const [start, end] = this.#take(this.value)
    const text = this.#characters.slice(start, end)
    if (!SPECIAL.test(text)) return `"${text}"`
    return JSON.stringify(NOT_ASCII.test(text) ? this.#decode(start, end) : text)
  }

  #decode(start: number, end: number): string {
    try {
      return (this.#lenient ? lenientUtf8 : utf8).decode(this.bytes.subarray(start, end))
    } catch {
      throw malformed('a text is not UTF-8')
    }
  }

  /** The byte string whose head was just read; a view, not a copy. */
  byteString(): Uint8Array {
    const [start, end] = this.#take(this.value)
    return this.bytes.subarray(start, end)
  }

  /** The CID behind the tag whose head was just read; a view, not a copy. */
  link(): Uint8Array {
    if (this.value !== CID_TAG) throw malformed(`tag ${this.value} is not allowed`)
    this.head()
    if (this.major !== Major.Bytes) throw malformed('a link is no byte string')
    const bytes = this.byteString()
    const cid = bytes.subarray(1)
    if (bytes[0] !== 0 || !(isProtocolCid(cid) || (this.#lenient && isCid(cid)))) {
      throw malformed('a link is no CID of this protocol')
    }
    return cid
  }

  /** Calls `item` for each element of the array whose head was just read. */
  eachItem(item: (index: number) => void): void {
    this.#enter()
    const count = this.value
    for (let index = 0; index < count; index++) item(index)
    this.#depth--
  }

  /** Calls `entry` for each key of the map whose head was just read; it must read the value. */
  eachEntry(entry: (key: string, index: number) => void): void {
    this.#enter()
    const count = this.value
    const seen = this.#lenient ? new Set<string>() : undefined
    let previous = ''
    let previousLength = 0
    for (let index = 0; index < count; index++) {
      this.head()
      if (this.major !== Major.Text) throw malformed('a key is no text')
      const { value: length } = this
      const key = this.text()
      if (seen?.has(key)) throw malformed('a key occurs twice')
      if (seen) seen.add(key)
      else if (index > 0 && !isBehind(previous, previousLength, key, length)) {
        throw malformed('keys are not in order')
      }
      entry(key, index)
      previous = key
      previousLength = length
    }
    this.#depth--
  }

  end(): void {
    if (this.#at !== this.bytes.byteLength) throw malformed('there is more behind the value')
  }

  /** Of the head that was just read. */
  #assertClean(info: number): void {
    // Floats, `undefined` and other simple values are not part of the data model.
    if (this.major === Major.Simple && (info < Simple.False || info > Simple.Null)) {
      throw malformed(info > 24 ? 'a number is a float' : 'a value is neither true, false nor null')
    }
    if (!Number.isSafeInteger(this.value)) throw malformed('a number is too large')
  }

  /** What a lenient reader makes of the head that was just read. */
  #lenientHead(info: number): void {
    if (++this.#items > MAX_LENIENT_ITEMS) throw malformed('there are too many values')
    this.isFloat = this.major === Major.Simple && info > 24
    if (!this.isFloat) {
      if (this.major === Major.Simple && (info < Simple.False || info > Simple.Undefined)) {
        throw malformed('a value is neither true, false, null nor undefined')
      }
      return
    }
    if (info === 25) this.value = halfFloat(this.value)
    else if (info === 26) this.value = this.#view(4).getFloat32(0)
    else this.value = this.#view(8).getFloat64(0)
  }

  /** The bytes that were read last. */
  #view(length: number): DataView {
    const { buffer, byteOffset } = this.bytes
    return new DataView(buffer, byteOffset + this.#at - length, length)
  }

  #enter(): void {
    if (++this.#depth > (this.#lenient ? MAX_LENIENT_DEPTH : MAX_DEPTH)) {
      throw malformed('values are nested too deeply')
    }
    // Each item takes a byte at least: a count beyond that is a lie, and not worth a loop.
    if (this.value > this.bytes.byteLength - this.#at) throw malformed('the block ends too early')
  }

  #byte(): number {
    const byte = this.bytes[this.#at++]
    if (byte === undefined) throw malformed('the block ends too early')
    return byte
  }

  #uint(length: number): number {
    let value = 0
    for (let i = 0; i < length; i++) value = value * 256 + this.#byte()
    return value
  }

  /** A value has one encoding only, the shortest. */
  #atLeast(value: number, least: number): number {
    if (value < least && !this.#lenient && this.major !== Major.Simple)
      throw malformed('a number is not encoded in the shortest way')
    return value
  }

  #take(length: number): [start: number, end: number] {
    const start = this.#at
    const end = start + length
    if (end > this.bytes.byteLength) throw malformed('the block ends too early')
    this.#at = end
    return [start, end]
  }
}

/** A text as JSON, in its quotes; most have nothing to escape. */
export const quoteText = (text: string): string =>
  SPECIAL.test(text) ? JSON.stringify(text) : `"${text}"`

/** Whether a key comes behind another one in canonical order. Lengths are in bytes. */
function isBehind(previous: string, previousLength: number, key: string, length: number): boolean {
  if (length !== previousLength) return length > previousLength
  const isAscii = key.length === length && previous.length === length
  return isAscii ? previous < key : compareKeys(previous, key) < 0
}

/** Canonical order of keys: shorter first, then by bytes. */
export function compareKeys(a: string, b: string): number {
  const [lengthA, lengthB] = [byteLength(a), byteLength(b)]
  if (lengthA !== lengthB) return lengthA - lengthB
  if (lengthA === a.length) return a < b ? -1 : a > b ? 1 : 0
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

const byteLength = (text: string): number => {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return Buffer.byteLength(text)
  return text.length
}

function isCid(bytes: Uint8Array): boolean {
  try {
    decodeCid(bytes)
    return true
  } catch {
    return false
  }
}

const malformed = (message: string) => new MalformedCborError(message)
