/**
 * Encodes and decodes tree nodes. The format is one fixed shape of DAG-CBOR, so both directions are a
 * straight line; a general codec takes ten times as long, and a write encodes every node on its path.
 *
 *     node  = { "e": [entry…], "l": link | null }
 *     entry = { "k": bytes, "p": prefix length, "t": link | null, "v": link }
 */

import { CID_LENGTH, type CidBytes } from '../../kernel/cbor/cid.ts'
import { type Child, type Entry, isLoaded, MalformedTreeError, type Node } from './node.ts'

/** CBOR tag 42, a byte string of 37 bytes, and the byte 0 that precedes a binary CID. */
const LINK_HEAD = [0xd8, 0x2a, 0x58, 0x25, 0x00]
const LINK_LENGTH = LINK_HEAD.length + CID_LENGTH
const NULL = 0xf6

/** A map of two with the key "e"; one of four with the key "k"; the keys "p", "t", "v" and "l". */
const NODE_START = [0xa2, 0x61, 0x65]
const ENTRY_START = [0xa4, 0x61, 0x6b]
const PREFIX = [0x61, 0x70]
const TREE = [0x61, 0x74]
const VALUE = [0x61, 0x76]
const LEFT = [0x61, 0x6c]

/** Longest key in bytes. */
const MAX_KEY = 1024

/** What a block says of a node; layer and place are not part of it. */
export type DecodedNode = Pick<Node, 'left' | 'entries'>

/** Encodes a node whose subtrees are sealed. @throws MalformedTreeError when one is not */
export function encodeNode(node: DecodedNode): Uint8Array {
  const writer = new Writer(upperBound(node))
  writer.fixed(NODE_START)
  writer.head(0x80, node.entries.length)
  let previous = ''
  for (const { key, value, right } of node.entries) {
    const prefix = commonPrefix(previous, key)
    writer.fixed(ENTRY_START)
    writer.ascii(key, prefix)
    writer.fixed(PREFIX)
    writer.head(0x00, prefix)
    writer.fixed(TREE)
    writer.child(right)
    writer.fixed(VALUE)
    writer.link(value)
    previous = key
  }
  writer.fixed(LEFT)
  writer.child(node.left)
  return writer.done()
}

/**
 * Decodes a node, and takes nothing but the one encoding that a node has.
 *
 * @throws MalformedTreeError
 */
export function decodeNode(block: Uint8Array): DecodedNode {
  const reader = new Reader(block)
  reader.expect(NODE_START)
  const count = reader.head(0x80)
  const entries: Entry[] = []
  let previous = ''
  for (let i = 0; i < count; i++) {
    reader.expect(ENTRY_START)
    const suffix = reader.ascii()
    reader.expect(PREFIX)
    const prefix = reader.head(0x00)
    const key = previous.slice(0, prefix) + suffix
    if (prefix > previous.length || commonPrefix(previous, key) !== prefix || key <= previous) {
      throw new MalformedTreeError('keys of a tree node are not in order')
    }
    reader.expect(TREE)
    const right = reader.child()
    reader.expect(VALUE)
    entries.push({ key, value: reader.link(), right })
    previous = key
  }
  reader.expect(LEFT)
  const left = reader.child()
  reader.end()
  return { left, entries }
}

function commonPrefix(a: string, b: string): number {
  const end = Math.min(a.length, b.length)
  let i = 0
  while (i < end && a.charCodeAt(i) === b.charCodeAt(i)) i++
  return i
}

/** Bytes that suffice for a node: fixed parts, heads of at most three bytes, keys, two links. */
const upperBound = ({ entries }: DecodedNode): number =>
  entries.reduce((sum, { key }) => sum + key.length + 2 * LINK_LENGTH + 16, LINK_LENGTH + 16)

class Writer {
  readonly #buffer: Uint8Array
  #at = 0
  constructor(size: number) {
    this.#buffer = new Uint8Array(size)
  }

  fixed(bytes: readonly number[]): void {
    for (const byte of bytes) this.#buffer[this.#at++] = byte
  }

  /** The head of a CBOR item: its major type and a length or value. */
  head(major: number, value: number): void {
    if (value < 24) this.#byte(major | value)
    else if (value < 256) {
      this.#byte(major | 24)
      this.#byte(value)
    } else if (value < 65_536) {
      this.#byte(major | 25)
      this.#byte(value >> 8)
      this.#byte(value & 255)
    } else throw new MalformedTreeError(`a tree node has no room for ${value} items`)
  }

  ascii(text: string, from: number): void {
    this.head(0x40, text.length - from)
    for (let i = from; i < text.length; i++) this.#buffer[this.#at++] = text.charCodeAt(i)
  }

  child(child: Child): void {
    if (child === null) this.#byte(NULL)
    else if (!isLoaded(child)) this.link(child)
    else if (child.cid) this.link(child.cid)
    else throw new MalformedTreeError('a subtree is not sealed')
  }

  link(cid: CidBytes): void {
    this.fixed(LINK_HEAD)
    this.#buffer.set(cid, this.#at)
    this.#at += CID_LENGTH
  }

  done(): Uint8Array {
    return this.#buffer.slice(0, this.#at)
  }

  #byte(byte: number): void {
    this.#buffer[this.#at++] = byte
  }
}

class Reader {
  readonly #block: Uint8Array
  #at = 0
  constructor(block: Uint8Array) {
    this.#block = block
  }

  expect(bytes: readonly number[]): void {
    const block = this.#block
    const from = this.#at
    for (let i = 0; i < bytes.length; i++) if (block[from + i] !== bytes[i]) throw malformed()
    this.#at = from + bytes.length
  }

  head(major: number): number {
    const first = this.#next()
    const short = first - major
    if (short < 0 || short > 25) throw malformed()
    if (short < 24) return short
    const value = short === 24 ? this.#next() : this.#next() * 256 + this.#next()
    // A value has one encoding only, the shortest.
    if (value < (short === 24 ? 24 : 256)) throw malformed()
    return value
  }

  ascii(): string {
    const length = this.head(0x40)
    if (length > MAX_KEY) throw malformed()
    let text = ''
    for (let i = 0; i < length; i++) {
      const byte = this.#next()
      if (byte > 127) throw malformed()
      text += String.fromCharCode(byte)
    }
    return text
  }

  child(): CidBytes | null {
    if (this.#block[this.#at] !== NULL) return this.link()
    this.#at++
    return null
  }

  link(): CidBytes {
    this.expect(LINK_HEAD)
    const cid = this.#block.slice(this.#at, this.#at + CID_LENGTH)
    if (cid.byteLength !== CID_LENGTH) throw malformed()
    this.#at += CID_LENGTH
    return cid
  }

  end(): void {
    if (this.#at !== this.#block.byteLength) throw malformed()
  }

  #next(): number {
    const byte = this.#block[this.#at++]
    if (byte === undefined) throw malformed()
    return byte
  }
}

const malformed = () => new MalformedTreeError('a block is not a tree node')
