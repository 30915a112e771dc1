/**
 * Writes records of a page as JSON text, many times as fast as reading them item by item. The bytes are made a string once,
 * one character each, of which texts are slices; nothing else is built. Canonical records only: what is in doubt is left to
 * `recordToJson`.
 */
import { toBase64 } from '@atproto/lex-data'
import { CID_LENGTH, cidString, isProtocolCid } from './cid.ts'

/** Deeper ones are left to others, too: each level takes stack. */
const MAX_DEPTH = 64

/** A character that is not itself in JSON, or not ASCII. */
const SPECIAL = /[^ !#-[\]-~]/
const NOT_ASCII = /[^\0-\x7f]/

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The bytes are none that is written here. One for all: there is nothing to say, and a stack costs. */
class Doubt extends Error {
  static {
    Doubt.prototype.name = 'Doubt'
  }
}
const DOUBT = new Doubt('not a canonical record')

export class PageJson {
  readonly #bytes: Uint8Array
  /** A character for each byte. */
  readonly #text: string
  #at = 0
  #end = 0
  #depth = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    const { buffer, byteOffset, byteLength } = bytes
    this.#text = Buffer.from(buffer, byteOffset, byteLength).toString('latin1')
  }

  /** The record that is at these bytes of the page; undefined: it is in doubt. */
  record(start: number, end: number): string | undefined {
    this.#at = start
    this.#end = end
    this.#depth = 0
    try {
      // A record is a map.
      if ((this.#bytes[start] ?? 0) >> 5 !== 5) return undefined
      const json = this.#value()
      return this.#at === end ? json : undefined
    } catch (error) {
      if (error === DOUBT) return undefined
      throw error
    }
  }

  #value(): string {
    const first = this.#byte()
    const count = this.#argument(first & 31)
    switch (first >> 5) {
      case 0:
        return String(count)
      case 1:
        return String(-1 - count)
      case 2:
        return `{"$bytes":"${toBase64(this.#view(count), 'base64')}"}`
      case 3:
        return this.#string(count)
      case 4:
        return this.#array(count)
      case 5:
        return this.#map(count)
      case 6:
        return `{"$link":"${this.#link(count)}"}`
      default:
        if (first === 0xf4) return 'false'
        if (first === 0xf5) return 'true'
        if (first === 0xf6) return 'null'
        throw DOUBT
    }
  }

  #byte(): number {
    const at = this.#at++
    if (at >= this.#end) throw DOUBT
    return this.#bytes[at] as number
  }

  /** The number behind a head; has one encoding only, the shortest. */
  #argument(info: number): number {
    if (info < 24) return info
    if (info === 24) return this.#atLeast(this.#byte(), 24)
    if (info === 25) return this.#atLeast(this.#uint(2), 0x100)
    if (info === 26) return this.#atLeast(this.#uint(4), 0x10000)
    if (info === 27) return this.#atLeast(this.#uint(8), 0x100000000)
    throw DOUBT
  }

  #uint(length: number): number {
    let value = 0
    for (let i = 0; i < length; i++) value = value * 256 + this.#byte()
    return value
  }

  #atLeast(value: number, least: number): number {
    if (value < least || value > Number.MAX_SAFE_INTEGER) throw DOUBT
    return value
  }

  /** Moves on by so many bytes. @returns where they begin */
  #take(length: number): number {
    const start = this.#at
    if (length > this.#end - start) throw DOUBT
    this.#at = start + length
    return start
  }

  #view(length: number): Uint8Array {
    const start = this.#take(length)
    return this.#bytes.subarray(start, start + length)
  }

  #string(length: number): string {
    const start = this.#take(length)
    const text = this.#text.slice(start, start + length)
    if (!SPECIAL.test(text)) return `"${text}"`
    return JSON.stringify(NOT_ASCII.test(text) ? decode(this.#bytes, start, length) : text)
  }

  #array(count: number): string {
    this.#enter()
    let json = '['
    for (let index = 0; index < count; index++) {
      json += index === 0 ? this.#value() : `,${this.#value()}`
    }
    this.#depth--
    return `${json}]`
  }

  #map(count: number): string {
    this.#enter()
    let json = '{'
    let before = ''
    for (let index = 0; index < count; index++) {
      const first = this.#byte()
      if (first >> 5 !== 3) throw DOUBT
      const length = this.#argument(first & 31)
      const start = this.#take(length)
      const key = this.#text.slice(start, start + length)
      // Keys that need escaping are rare, and their order is another's business.
      if (SPECIAL.test(key) || !isBehind(before, key, index)) throw DOUBT
      json += index === 0 ? `"${key}":` : `,"${key}":`
      json += this.#value()
      before = key
    }
    this.#depth--
    return `${json}}`
  }

  #link(tag: number): string {
    // A byte string of 37 bytes, of which the first is 0.
    if (tag !== 42 || this.#byte() !== 0x58 || this.#byte() !== CID_LENGTH + 1) throw DOUBT
    if (this.#byte() !== 0) throw DOUBT
    const cid = this.#view(CID_LENGTH)
    if (!isProtocolCid(cid)) throw DOUBT
    return cidString(cid)
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH) throw DOUBT
  }
}

/** Canonical order: shorter keys first, then by bytes, none twice. */
const isBehind = (before: string, key: string, index: number): boolean =>
  index === 0 || (before.length === key.length ? before < key : before.length < key.length)

function decode(bytes: Uint8Array, start: number, length: number): string {
  try {
    return utf8.decode(bytes.subarray(start, start + length))
  } catch {
    throw DOUBT
  }
}
