import { decode } from '@atproto/lex-cbor'
import { isCid, isPlainObject, type LexValue } from '@atproto/lex-data'
import { CID_LENGTH, type CidBytes, equalBytes } from '../kernel/cbor/cid.ts'
import { sha256 } from '../kernel/sha256.ts'

/**
 * Largest block in bytes. Records have at most 1 MB and tree nodes a few kB, but some hosts have written larger
 * records.
 */
const MAX_BLOCK = 8 * 1024 * 1024
const MAX_HEADER = 1024
const SHA_256 = 0x12
/** Most bytes of a digest of another hash. */
const MAX_DIGEST = 64

interface CarBlock {
  cid: CidBytes
  block: Uint8Array
  /** Where the block begins in the file. */
  offset: number
}

/** Not a valid CAR file, or a block does not match its CID. */
export class MalformedCarError extends Error {
  override name = 'MalformedCarError'
}

/**
 * Parses a CAR file as its bytes arrive, and verifies every block against its CID, unless told not to. Buffers at most one
 * incomplete block.
 */
export class CarReader {
  #rest: Uint8Array = new Uint8Array()
  #root: CidBytes | undefined
  /** Bytes of the file before those that are kept. */
  #passed = 0
  #hasHeader = false
  readonly #needsRoot: boolean
  readonly #verifies: boolean

  /**
   * @param needsRoot false: files of blocks alone, as `com.atproto.sync.getBlocks` gives them, are taken too
   * @param verifies false: blocks are those of their CIDs, as in a file that was verified before
   */
  constructor({ needsRoot = true, verifies = true } = {}) {
    this.#needsRoot = needsRoot
    this.#verifies = verifies
  }

  /** CID of the one root, once the header was read. */
  get root(): CidBytes | undefined {
    return this.#root
  }

  /**
   * Takes the next bytes and yields the blocks that they complete, as views of the bytes. Blocks that no repository
   * can name are left out.
   *
   * @throws MalformedCarError
   */
  *push(bytes: Uint8Array): Generator<CarBlock> {
    const data = this.#rest.byteLength > 0 ? concat(this.#rest, bytes) : bytes
    let at = 0
    for (;;) {
      const part = nextPart(data, at, this.#hasHeader ? MAX_BLOCK + CID_LENGTH : MAX_HEADER)
      if (!part) break
      at = part.end
      const content = data.subarray(part.start, part.end)
      if (!this.#hasHeader) {
        this.#root = readHeader(content, this.#needsRoot)
        this.#hasHeader = true
        continue
      }
      const found = readBlock(content, this.#verifies)
      if (found) yield { ...found, offset: this.#passed + part.end - found.block.byteLength }
    }
    this.#passed += at
    this.#rest = data.slice(at)
  }

  /** To be called after the last bytes. @throws MalformedCarError when the file is truncated */
  end(): void {
    if (!this.#hasHeader) throw new MalformedCarError('the CAR file has no header')
    if (this.#rest.byteLength > 0) throw new MalformedCarError('the CAR file breaks off')
  }
}

/** No `Buffer`, as `ui8Concat` makes: to take a part of one, which is a `Buffer` again, takes ten times as long in workerd. */
function concat(rest: Uint8Array, bytes: Uint8Array): Uint8Array {
  const both = new Uint8Array(rest.byteLength + bytes.byteLength)
  both.set(rest)
  both.set(bytes, rest.byteLength)
  return both
}

/** The next length-prefixed part, if it is there as a whole. */
function nextPart(
  data: Uint8Array,
  from: number,
  max: number,
): { start: number; end: number } | undefined {
  let length = 0
  for (let i = 0; ; i++) {
    const byte = data[from + i]
    if (byte === undefined) return undefined
    length += (byte & 127) * 2 ** (7 * i)
    if (length > max || i > 4) {
      throw new MalformedCarError(`a part of the CAR file is too large: more than ${max} bytes`)
    }
    if (byte > 127) continue
    if (length === 0) throw new MalformedCarError('a part of the CAR file is empty')
    const start = from + i + 1
    const end = start + length
    return end <= data.byteLength ? { start, end } : undefined
  }
}

function readHeader(content: Uint8Array, needsRoot: boolean): CidBytes | undefined {
  let header: LexValue
  try {
    header = decode(content)
  } catch (cause) {
    throw new MalformedCarError('the CAR file has no valid header', { cause })
  }
  if (!isPlainObject(header) || header.version !== 1 || !Array.isArray(header.roots)) {
    throw new MalformedCarError('the CAR file is not of version 1')
  }
  const [root, ...others] = header.roots as unknown[]
  if (root === undefined && !needsRoot) return undefined
  if (!isCid(root, { flavor: 'cbor' }) || others.length > 0) {
    throw new MalformedCarError('the CAR file must have one root')
  }
  return root.bytes
}

/**
 * Reads a block, and verifies it if need be; undefined where its CID is none that a repository names blocks by, as that of other
 * codecs and hashes, which may lie beside those of a repository.
 */
function readBlock(content: Uint8Array, isVerified: boolean): Omit<CarBlock, 'offset'> | undefined {
  const { length, digest } = readCid(content)
  const block = content.subarray(length)
  if (!digest) return undefined
  if (isVerified && !equalBytes(sha256(block), digest)) {
    throw new MalformedCarError('a block of the CAR file does not match its CID')
  }
  return length === CID_LENGTH ? { cid: content.subarray(0, length), block } : undefined
}

/** The length of the CID that a part begins with, and its digest, if that is SHA-256. */
function readCid(content: Uint8Array): { length: number; digest?: Uint8Array } {
  const isOfVersion0 = content[0] === SHA_256 && content[1] === 32
  let at = 0
  const next = (): number => {
    let value = 0
    for (let i = 0; i < 4; i++) {
      const byte = content[at++] ?? 0
      value += (byte & 127) * 2 ** (7 * i)
      if (byte < 128) return value
    }
    throw new MalformedCarError('a block of the CAR file has no valid CID')
  }
  if (!isOfVersion0) {
    const version = next()
    if (version !== 1) throw new MalformedCarError('a block of the CAR file has no valid CID')
    // The codec.
    next()
  }
  const code = next()
  const digestLength = next()
  const length = at + digestLength
  if (digestLength > MAX_DIGEST || length > content.byteLength) {
    throw new MalformedCarError('a block of the CAR file has no valid CID')
  }
  if (code !== SHA_256 || digestLength !== 32) return { length }
  return { length, digest: content.subarray(at, length) }
}
