import { decode } from '@atproto/lex-cbor'
import { isCid, isPlainObject, type LexValue, ui8Concat } from '@atproto/lex-data'
import { CID_LENGTH, type CidBytes, cidOf, equalBytes } from '../kernel/cbor/cid.ts'

/** Largest block in bytes; records have at most 1 MB, tree nodes a few kB. */
const MAX_BLOCK = 2 * 1024 * 1024
const MAX_HEADER = 1024

/** Not a valid CAR file, or a block does not match its CID. */
export class MalformedCarError extends Error {
  override name = 'MalformedCarError'
}

/**
 * Parses a CAR file as its bytes arrive, and verifies every block against its CID. Buffers at most one
 * incomplete block.
 */
export class CarReader {
  #rest: Uint8Array = new Uint8Array()
  #root: CidBytes | undefined

  /** CID of the one root, once the header was read. */
  get root(): CidBytes | undefined {
    return this.#root
  }

  /**
   * Takes the next bytes and yields the blocks that they complete, as views of the bytes.
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

  /** To be called after the last bytes. @throws MalformedCarError when the file is truncated */
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
