/**
 * Several events in one row of the log, oldest first. `seq` of the row is the number of the last event that was put there, `did`
 * the DIDs, each once; `entries` says of each event how its number differs from the one before, whose it is, and how long its
 * frame is; `frame` has the frames one behind the other, as they are or as one Brotli stream (RFC 7932), whichever is shorter. A row of a release
 * before has one event and no entries.
 */
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib'
import { ui8Concat } from '@atproto/lex-data'

/** One event of the host, as it goes over the wire. */
export interface SequencedEvent {
  seq: number
  /** The event stream frame: two DAG-CBOR objects. */
  frame: Uint8Array
  /** Whether its account may be seen, where somebody had to ask another object for that. */
  active?: boolean
}

/** An event, and whose it is. */
export interface SourcedEvent {
  did: string
  event: SequencedEvent
}

/** What a row says of an event without unpacking anything. */
export interface Entry {
  seq: number
  did: string
  /** Bytes of its frame. */
  size: number
}

/** A row without its frames. */
export interface PackHead {
  seq: number
  did: string
  entries: ArrayBuffer | Uint8Array | null
  /** Bytes of `frame`, which are those of the event where there are no entries. */
  size: number
}

/** A row as it is stored. */
export interface Pack {
  did: string
  entries: Uint8Array
  frame: Uint8Array
}

/** Separates DIDs, which have no blanks. */
const SEPARATOR = ' '

/** Fewer bytes are not worth the time: they are packed with what comes behind them. */
const COMPRESS_FROM = 16 * 1024

/** Fast, and hardly larger than the next ones make it: what repeats are nodes of trees and keys, the rest is hashes. */
const QUALITY = { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } }

/** workerd refuses some sizes that are just the limit: it counts in chunks. */
const CHUNK = 64 * 1024

/** A row of the log does not have what it says. */
export class DamagedLogError extends Error {
  override name = 'DamagedLogError'
  constructor(seq: number | undefined, found: number, expected: number) {
    super(`the log has ${found} bytes of events up to ${seq}, not ${expected}`)
  }
}

/**
 * @param seq number of the row
 * @param always whether to compress little, too: it is not packed again
 */
export function pack(events: readonly SourcedEvent[], seq: number, always: boolean): Pack {
  const dids = [...new Set(events.map(({ did }) => did))]
  const places = new Map(dids.map((did, place) => [did, place]))
  const numbers: number[] = []
  let before: number | undefined
  for (const { did, event } of events) {
    numbers.push(before === undefined ? seq - event.seq : event.seq - before)
    numbers.push(places.get(did) ?? 0, event.frame.byteLength)
    before = event.seq
  }
  const plain = ui8Concat(events.map(({ event }) => event.frame))
  const packed =
    always || plain.byteLength >= COMPRESS_FROM ? brotliCompressSync(plain, QUALITY) : plain
  return {
    did: dids.join(SEPARATOR),
    entries: varints(numbers),
    frame: packed.byteLength < plain.byteLength ? packed : plain,
  }
}

/** Whose events are in a row. */
export const didsOf = ({ did }: Pick<PackHead, 'did'>): string[] => did.split(SEPARATOR)

export function entriesOf({ seq, did, entries, size }: PackHead): Entry[] {
  if (entries === null) return [{ seq, did, size }]
  const dids = did.split(SEPARATOR)
  const numbers = readVarints(new Uint8Array(entries))
  const found: Entry[] = []
  for (let at = 0; at + 2 < numbers.length; at += 3) {
    const [step = 0, place = 0, size = 0] = numbers.slice(at, at + 3)
    const before = found.at(-1)?.seq
    const number = before === undefined ? seq - step : before + step
    found.push({ seq: number, did: dids[place] ?? '', size })
  }
  return found
}

/** The frames of a row's entries: parts of one buffer, no larger than the entries say. */
export function framesOf(frame: ArrayBuffer, entries: readonly Entry[]): Uint8Array[] {
  const size = entries.reduce((sum, entry) => sum + entry.size, 0)
  const plain = frame.byteLength === size ? new Uint8Array(frame) : unpack(frame, size)
  if (plain.byteLength !== size)
    throw new DamagedLogError(entries.at(-1)?.seq, plain.byteLength, size)
  let at = 0
  return entries.map((entry) => {
    at += entry.size
    return plain.subarray(at - entry.size, at)
  })
}

/** A plain array: a Buffer's `slice` makes no copy. */
function unpack(frame: ArrayBuffer, size: number): Uint8Array {
  const { buffer, byteOffset, byteLength } = brotliDecompressSync(new Uint8Array(frame), {
    maxOutputLength: size + CHUNK,
  })
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** Unsigned LEB128: seven bits a byte, the lowest first. */
function varints(numbers: readonly number[]): Uint8Array {
  const bytes: number[] = []
  for (let number of numbers) {
    for (; number >= 0x80; number = Math.floor(number / 0x80)) bytes.push((number % 0x80) | 0x80)
    bytes.push(number)
  }
  return new Uint8Array(bytes)
}

function readVarints(bytes: Uint8Array): number[] {
  const numbers: number[] = []
  let [number, scale] = [0, 1]
  for (const byte of bytes) {
    number += (byte % 0x80) * scale
    scale *= 0x80
    if (byte >= 0x80) continue
    numbers.push(number)
    number = 0
    scale = 1
  }
  return numbers
}
