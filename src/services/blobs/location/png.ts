/** PNG (third edition): chunks with a checksum. EXIF in eXIf; XMP and others as texts with a keyword. */
import { crc32 } from 'node:zlib'
import { cleanText, isMetadataText, TEXT_TYPES } from './png-text.ts'
import { removeGps } from './tiff.ts'
import { MAX_METADATA, type Step, toLatin1, type Walk } from './walk.ts'

const SIGNATURE = 8
const HEAD = 8
const CHECKSUM = 4
/** The longest keyword of a text, and the zero byte after it. */
const KEYWORD = 80

/** What a chunk is made into that must go: a comment of spaces. */
const COMMENT = 'tEXt-\0'

export function* walkPng(found: () => void): Walk {
  yield { pass: SIGNATURE }
  for (;;) {
    const head = yield { peek: HEAD }
    const size = new DataView(head.buffer).getUint32(0)
    const type = toLatin1(head.subarray(4))
    if (type === 'IEND' || size > 0x7fff_ffff) return
    if (type !== 'eXIf' && !TEXT_TYPES.has(type)) {
      yield { pass: HEAD + size + CHECKSUM }
    } else if (size > MAX_METADATA) {
      yield* walkLarge(type, size, found)
    } else {
      const chunk = yield { take: HEAD + size + CHECKSUM }
      if (cleanChunk(type, chunk)) found()
    }
  }
}

/** @returns whether there was a location */
function cleanChunk(type: string, chunk: Uint8Array): boolean {
  const content = chunk.subarray(HEAD, -CHECKSUM)
  const result = type === 'eXIf' ? removeGps(content) : cleanText(type, content)
  if (!result) return false
  if (result === 'drop') {
    chunk.fill(0x20, 4, -CHECKSUM)
    chunk.set(ascii(COMMENT), 4)
  }
  setChecksum(chunk, crc32(chunk.subarray(4, -CHECKSUM)))
  return true
}

/** Metadata over the bound is not searched: it goes. Other long texts stay. */
function* walkLarge(
  type: string,
  size: number,
  found: () => void,
): Generator<Step, void, Uint8Array> {
  const start = yield { peek: HEAD + KEYWORD }
  if (type !== 'eXIf' && !isMetadataText(start.subarray(HEAD))) {
    yield { pass: HEAD + size + CHECKSUM }
    return
  }
  found()
  const head = yield { take: HEAD + 2 }
  head.set(ascii(COMMENT), 4)
  let checksum = crc32(head.subarray(4))
  for (let rest = size - 2; rest > 0; rest -= MAX_METADATA) {
    const part = yield { take: Math.min(rest, MAX_METADATA) }
    part.fill(0x20)
    checksum = crc32(part, checksum)
  }
  setChecksum(yield { take: CHECKSUM }, checksum)
}

/** Writes a checksum into the last bytes. */
function setChecksum(bytes: Uint8Array, checksum: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  view.setUint32(bytes.byteLength - CHECKSUM, checksum)
}

const ascii = (text: string) => new TextEncoder().encode(text)
