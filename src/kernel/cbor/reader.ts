/**
 * Reads DAG-CBOR item by item without building objects (data model specification, DRISL). Takes the one
 * canonical encoding of a value and nothing else. For the two places where records pass by in
 * thousands: reading lists of them, and importing repositories.
 */

/** A block is not canonical DAG-CBOR. */
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

/** How deep arrays and maps may nest. */
const MAX_DEPTH = 128
const CID_TAG = 42
/** Length of a binary CID in bytes. */
const CID_LENGTH = 36
const RAW = 0x55
const DAG_CBOR = 0x71
const SHA_256 = 0x12

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export class CborReader {
  readonly bytes: Uint8Array
  /** Major type and argument of the item whose head was read last. */
  major = 0
  value = 0
  #at = 0
  #depth = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
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
    // Floats, `undefined` and other simple values are not part of the data model.
    if (this.major === Major.Simple && (info < 20 || info > 22)) {
      throw malformed('a value is neither true, false nor null')
    }
    if (!Number.isSafeInteger(this.value)) throw malformed('a number is too large')
  }

  /** The text whose head was just read. */
  text(): string {
    const [start, end] = this.#take(this.value)
    if (end - start < 32) {
      const ascii = this.#ascii(start, end)
      if (ascii !== undefined) return ascii
    }
    try {
      return utf8.decode(this.bytes.subarray(start, end))
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
    const [zero, version, codec, hash, length] = bytes
    const valid =
      bytes.byteLength === CID_LENGTH + 1 &&
      zero === 0 &&
      version === 1 &&
      (codec === RAW || codec === DAG_CBOR) &&
      hash === SHA_256 &&
      length === 32
    if (!valid) throw malformed('a link is no CID of this protocol')
    return bytes.subarray(1)
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
    let previous = ''
    for (let index = 0; index < count; index++) {
      this.head()
      if (this.major !== Major.Text) throw malformed('a key is no text')
      const key = this.text()
      if (index > 0 && compareKeys(previous, key) >= 0) throw malformed('keys are not in order')
      entry(key, index)
      previous = key
    }
    this.#depth--
  }

  end(): void {
    if (this.#at !== this.bytes.byteLength) throw malformed('there is more behind the value')
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH) throw malformed('values are nested too deeply')
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
    if (value < least) throw malformed('a number is not encoded in the shortest way')
    return value
  }

  #take(length: number): [start: number, end: number] {
    const start = this.#at
    const end = start + length
    if (end > this.bytes.byteLength) throw malformed('the block ends too early')
    this.#at = end
    return [start, end]
  }

  #ascii(start: number, end: number): string | undefined {
    let text = ''
    for (let i = start; i < end; i++) {
      const byte = this.bytes[i] ?? 0
      if (byte > 127) return undefined
      text += String.fromCharCode(byte)
    }
    return text
  }
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

const malformed = (message: string) => new MalformedCborError(message)
