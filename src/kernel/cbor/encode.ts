import { ifCid, type LexValue } from '@atproto/lex-data'
import { compareKeys, Major } from './reader.ts'

/** A value has no place in the data model. */
export class UnencodableError extends Error {
  override name = 'UnencodableError'
}

const CID_TAG = 0xd82a
const FALSE = 0xf4
const TRUE = 0xf5
const NULL = 0xf6

const utf8 = new TextEncoder()

/**
 * Encodes a value as DAG-CBOR (data model specification, DRISL). Each write encodes five values: a record,
 * a commit twice, an event in two parts; the general codec takes five times as long for them.
 *
 * Properties that are undefined are left out, as `@atproto/lex-cbor` does.
 *
 * @throws UnencodableError for numbers that are no safe integers, and for anything else of another kind
 */
export function encode(value: LexValue): Uint8Array<ArrayBuffer> {
  const writer = new Writer()
  writer.value(value)
  return writer.done()
}

/** Bytes that are written before they are copied out. One for all: nothing awaits while a value is encoded. */
const SCRATCH = new Uint8Array(16 * 1024)

class Writer {
  #buffer = SCRATCH
  #at = 0

  value(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.#text(value)
        break
      case 'number':
        this.#integer(value)
        break
      case 'boolean':
        this.#byte(value ? TRUE : FALSE)
        break
      case 'object':
        if (value === null) this.#byte(NULL)
        else this.#object(value)
        break
      default:
        throw new UnencodableError(`${typeof value} is not part of the data model`)
    }
  }

  done(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.#at)
  }

  #object(value: object): void {
    if (value instanceof Uint8Array) {
      this.#head(Major.Bytes, value.byteLength)
      this.#bytes(value)
    } else if (Array.isArray(value)) {
      this.#head(Major.Array, value.length)
      for (const item of value) this.value(item)
    } else {
      const cid = ifCid(value)
      if (cid) this.#link(cid.bytes)
      else this.#map(value as Record<string, unknown>)
    }
  }

  #map(map: Record<string, unknown>): void {
    const keys = Object.keys(map).filter((key) => map[key] !== undefined)
    this.#head(Major.Map, keys.length)
    if (keys.length > 1) keys.sort(compareKeys)
    for (const key of keys) {
      this.#text(key)
      this.value(map[key])
    }
  }

  #link(cid: Uint8Array): void {
    this.#byte(CID_TAG >> 8)
    this.#byte(CID_TAG & 255)
    this.#head(Major.Bytes, cid.byteLength + 1)
    this.#byte(0)
    this.#bytes(cid)
  }

  #text(text: string): void {
    const { length } = text
    // Most texts are short and ASCII: then their bytes are their characters.
    if (length < 400 && this.#ascii(text)) return
    const encoded = utf8.encode(text)
    this.#head(Major.Text, encoded.byteLength)
    this.#bytes(encoded)
  }

  /** Writes a text; false, with nothing written, if it is not ASCII. */
  #ascii(text: string): boolean {
    const { length } = text
    const start = this.#at
    this.#head(Major.Text, length)
    this.#reserve(length)
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) {
        this.#at = start
        return false
      }
      this.#buffer[this.#at++] = code
    }
    return true
  }

  #integer(value: number): void {
    if (!Number.isSafeInteger(value)) throw new UnencodableError(`${value} is no safe integer`)
    // -0 is 0: there is one zero only.
    if (value < 0) this.#head(Major.Negative, -1 - value)
    else this.#head(Major.Uint, value)
  }

  /** The head of an item: its major type and its argument, in the shortest form. */
  #head(major: number, argument: number): void {
    const type = major << 5
    if (argument < 24) this.#byte(type | argument)
    else if (argument < 0x100) this.#long(type | 24, argument, 1)
    else if (argument < 0x10000) this.#long(type | 25, argument, 2)
    else if (argument < 0x100000000) this.#long(type | 26, argument, 4)
    else this.#long(type | 27, argument, 8)
  }

  #long(first: number, argument: number, size: number): void {
    this.#byte(first)
    this.#reserve(size)
    let rest = argument
    for (let i = this.#at + size - 1; i >= this.#at; i--) {
      this.#buffer[i] = rest % 256
      rest = Math.floor(rest / 256)
    }
    this.#at += size
  }

  #byte(byte: number): void {
    this.#reserve(1)
    this.#buffer[this.#at++] = byte
  }

  #bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.byteLength)
    this.#buffer.set(bytes, this.#at)
    this.#at += bytes.byteLength
  }

  #reserve(size: number): void {
    const needed = this.#at + size
    if (needed <= this.#buffer.byteLength) return
    const grown = new Uint8Array(Math.max(needed, this.#buffer.byteLength * 2))
    grown.set(this.#buffer.subarray(0, this.#at))
    this.#buffer = grown
  }
}
