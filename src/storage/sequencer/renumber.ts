import { encode } from '../../kernel/cbor/encode.ts'

/** Text, byte string: their argument is a length in bytes. Array, map, tag: it says how many items follow. */
const [BYTES, TEXT, ARRAY, MAP, TAG] = [2, 3, 4, 5, 6]

/** The key "seq", in DAG-CBOR. */
const SEQ = [0x63, 0x73, 0x65, 0x71]

/** Bytes of a head by the lower bits of its first byte: the argument stands in it, or behind it. */
const widthOf = (first: number): number => [2, 3, 5, 9][(first & 0x1f) - 24] ?? 1

/**
 * Puts another number into the frame of an event of this host, which is of the length that it had wherever both numbers take
 * the same. Then it is done in place, and the frame itself is returned.
 */
export function renumber(frame: Uint8Array, seq: number): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const at = placeOfNumber(frame, view)
  const width = widthOf(frame[at] ?? 0)
  if (width === 9 && seq > 0xffffffff) {
    view.setBigUint64(at + 1, BigInt(seq))
    return frame
  }
  const number = encode(seq)
  const made = new Uint8Array(frame.byteLength - width + number.byteLength)
  made.set(frame.subarray(0, at))
  made.set(number, at)
  made.set(frame.subarray(at + width), at + number.byteLength)
  return made
}

/** Where the number stands: behind the header and those keys that come before "seq" in canonical order. */
function placeOfNumber(frame: Uint8Array, view: DataView): number {
  let at = skip(view, 0)
  at += widthOf(frame[at] ?? 0)
  while (!SEQ.every((byte, index) => frame[at + index] === byte)) at = skip(view, skip(view, at))
  return at + SEQ.length
}

/** Where the item at `at` ends. @throws RangeError where there is none */
function skip(view: DataView, at: number): number {
  const first = view.getUint8(at)
  const major = first >> 5
  const width = widthOf(first)
  const next = at + width
  if (major !== BYTES && major !== TEXT && major !== ARRAY && major !== MAP && major !== TAG) {
    return next
  }
  const length = argumentOf(view, at, width)
  if (major === BYTES || major === TEXT) return next + length
  let end = next
  const items = major === TAG ? 1 : major === MAP ? 2 * length : length
  for (let item = 0; item < items; item++) end = skip(view, end)
  return end
}

function argumentOf(view: DataView, at: number, width: number): number {
  if (width === 1) return view.getUint8(at) & 0x1f
  if (width === 2) return view.getUint8(at + 1)
  if (width === 3) return view.getUint16(at + 1)
  return width === 5 ? view.getUint32(at + 1) : Number(view.getBigUint64(at + 1))
}
