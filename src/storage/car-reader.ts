import { decode } from '@atproto/lex-cbor'
import { isCid, isPlainObject, type LexValue, ui8Concat } from '@atproto/lex-data'
import { CID_LENGTH, cidOf, equalBytes } from '../kernel/cbor/cid.ts'
import type { CidBytes } from './mst/node.ts'

/** Largest block in bytes; records have at most 1 MB, tree nodes a few kB. */
const MAX_BLOCK = 2 * 1024 * 1024
const MAX_HEADER = 1024

/** What came is no CAR file, or its blocks are not what they claim to be. */
export class MalformedCarError extends Error {
  override name = 'MalformedCarError'
}

/**
 * Takes a CAR file apart as its bytes arrive, and checks every block against its CID. Holds at most one
 * block that is not complete yet.
 */
export class CarReader {
  #rest: Uint8Array = new Uint8Array()
  #root: CidBytes | undefined

  /** CID of the one root, once the header was read. */
  get root(): CidBytes | undefined {
    return this.#root
  }

  /**
   * Takes the next bytes and yields the blocks that they complete, as views of them.
   *
   * @throws MalformedCarError
   */
  *push(bytes: Uint8Array): Generator<{ cid: CidBytes; block: Uint8Array }> {
    const data = this.#rest.byteLength > 0 ? ui8Concat([this.#rest, bytes]) : bytes
    let at = 0
    for (;;) {
      const part = nextPart(data, at, this.#root ? MAX_BLOCK + CID_LENGTH : MAX_HEADER)
      if (!part) break
      at = part.end
      const content = data.subarray(part.start, part.end)
      if (this.#root) yield readBlock(content)
      else this.#root = readHeader(content)
    }
    this.#rest = data.slice(at)
  }

  /** To be called after the last bytes. @throws MalformedCarError when the file breaks off */
  end(): void {
    if (!this.#root) throw new MalformedCarError('the CAR file has no header')
    if (this.#rest.byteLength > 0) throw new MalformedCarError('the CAR file breaks off')
  }
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
    if (length > max || i > 4) throw new MalformedCarError('a part of the CAR file is too large')
    if (byte > 127) continue
    if (length === 0) throw new MalformedCarError('a part of the CAR file is empty')
    const start = from + i + 1
    const end = start + length
    return end <= data.byteLength ? { start, end } : undefined
  }
}

function readHeader(content: Uint8Array): CidBytes {
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
  if (!isCid(root, { flavor: 'cbor' }) || others.length > 0) {
    throw new MalformedCarError('the CAR file must have one root')
  }
  return root.bytes
}

function readBlock(content: Uint8Array): { cid: CidBytes; block: Uint8Array } {
  const cid = content.subarray(0, CID_LENGTH)
  const block = content.subarray(CID_LENGTH)
  if (!equalBytes(cid, cidOf(block))) {
    throw new MalformedCarError('a block of the CAR file does not match its CID')
  }
  return { cid, block }
}
