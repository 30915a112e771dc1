/**
 * Takes the location out of EXIF data in place: same length, and everything else where it was
 * (EXIF 2.32 section 4.6, TIFF 6.0 section 2). The entry that points to the GPS directory goes, and
 * the directory and its values become zeros.
 */
import { blankDatasets } from './iptc.ts'
import { blankRanges, type Range } from './ranges.ts'
import { hasText } from './walk.ts'
import { blankXmp } from './xmp.ts'

const TAG = {
  orientation: 0x0112,
  subDirectories: 0x014a,
  xmp: 0x02bc,
  iptc: 0x83bb,
  exif: 0x8769,
  gps: 0x8825,
  interoperability: 0xa005,
} as const

/** Bytes of a value of each TIFF type. */
const TYPE_SIZES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4]
const SHORT = 3

/** GPS tags that say nothing of a place: version, time, date. Cameras write the version always. */
const NO_PLACE = new Set([0x00, 0x07, 0x1d])

const ENTRY = 12
/** Far beyond what cameras write; what exceeds it is made to cost time. */
const MAX_DIRECTORIES = 64
const MAX_ENTRIES = 2048

interface Entry {
  at: number
  tag: number
  /** Where the value is, in the entry itself or elsewhere; both 0 where that is out of bounds. */
  start: number
  end: number
}

interface Directory {
  at: number
  /** End of the entries that are there. */
  end: number
  entries: Entry[]
}

/** @returns whether there was a location. Data that is not understood is left alone. */
export function removeGps(exif: Uint8Array): boolean {
  // Some writers put the marker of JPEG before the data in PNG and WebP too.
  const bytes = hasText(exif, 'Exif\0') ? exif.subarray(6) : exif
  const littleEndian = hasText(bytes, 'II*\0')
  if (!littleEndian && !hasText(bytes, 'MM\0*')) return false
  if (bytes.byteLength < 8) return false
  const tiff = new Tiff(bytes, littleEndian)
  return tiff.clean()
}

class Tiff {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #little: boolean
  #entries = 0

  constructor(bytes: Uint8Array, littleEndian: boolean) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#little = littleEndian
  }

  clean(): boolean {
    const directories = this.#directories()
    // Damaged files may have one value on top of another: what is not GPS data stays.
    const kept: Range[] = [[0, 8]]
    const gps: { owner: Directory; entry: Entry; target: Directory }[] = []
    let found = false
    for (const directory of directories) {
      kept.push([directory.at, directory.end])
      for (const entry of directory.entries) {
        const target = entry.tag === TAG.gps ? this.#directory(this.#long(entry.at + 8)) : undefined
        if (target?.entries.some(({ tag }) => !NO_PLACE.has(tag))) {
          gps.push({ owner: directory, entry, target })
          continue
        }
        kept.push([entry.start, entry.end])
        if (this.#cleanValue(entry)) found = true
      }
    }
    if (gps.length === 0) return found
    const blanks = gps.flatMap(({ target }): Range[] => [
      [target.at, target.end],
      ...target.entries.map(({ start, end }): Range => [start, end]),
    ])
    blankRanges(this.#bytes, blanks, kept)
    // From the last to the first, so that places stay right.
    for (const { owner, entry } of gps.reverse()) this.#removeEntry(owner.at, entry.at)
    return true
  }

  /** All directories but those of GPS data. */
  #directories(): Directory[] {
    const first = this.#long(4)
    const seen = new Set([first])
    const directories: Directory[] = []
    for (const at of seen) {
      const directory = this.#directory(at)
      if (!directory || directories.length === MAX_DIRECTORIES) continue
      directories.push(directory)
      for (const { tag, at: entry, start, end } of directory.entries) {
        if (tag === TAG.exif || tag === TAG.interoperability) seen.add(this.#long(entry + 8))
        if (tag !== TAG.subDirectories) continue
        for (let i = start; i + 4 <= end && seen.size < MAX_DIRECTORIES; i += 4) {
          seen.add(this.#long(i))
        }
      }
      const next = directory.end
      if (next + 4 <= this.#bytes.byteLength) seen.add(this.#long(next))
    }
    return directories
  }

  /** The directory at a place, or undefined when there is none, or there were too many. */
  #directory(at: number): Directory | undefined {
    if (at < 8 || at + 2 > this.#bytes.byteLength) return undefined
    const room = Math.floor((this.#bytes.byteLength - at - 2) / ENTRY)
    const count = Math.min(this.#view.getUint16(at, this.#little), room)
    this.#entries += count
    if (this.#entries > MAX_ENTRIES) return undefined
    const entries = Array.from({ length: count }, (_, i) => this.#entry(at + 2 + i * ENTRY))
    return { at, end: at + 2 + count * ENTRY, entries }
  }

  #entry(at: number): Entry {
    const tag = this.#view.getUint16(at, this.#little)
    const type = this.#view.getUint16(at + 2, this.#little)
    const size = (TYPE_SIZES[type] ?? 0) * this.#long(at + 4)
    const start = size <= 4 ? at + 8 : this.#long(at + 8)
    const end = start + size
    return end <= this.#bytes.byteLength ? { at, tag, start, end } : { at, tag, start: 0, end: 0 }
  }

  /** Metadata of other kinds that TIFF entries can hold. */
  #cleanValue({ tag, start, end }: Entry): boolean {
    const value = this.#bytes.subarray(start, end)
    if (tag === TAG.xmp) return blankXmp(value)
    if (tag === TAG.iptc) return blankDatasets(value)
    return false
  }

  /** The entries after it and the link to the next directory move up. */
  #removeEntry(directory: number, at: number): void {
    const count = this.#view.getUint16(directory, this.#little)
    if (count <= 1) {
      this.#neutralize(at)
      return
    }
    const end = Math.min(directory + 2 + count * ENTRY + 4, this.#bytes.byteLength)
    this.#bytes.copyWithin(at, at + ENTRY, end)
    this.#bytes.fill(0, end - ENTRY, end)
    this.#view.setUint16(directory, count - 1, this.#little)
  }

  /** A directory must not be empty: an only entry says "upright", as no entry does. */
  #neutralize(at: number): void {
    this.#view.setUint16(at, TAG.orientation, this.#little)
    this.#view.setUint16(at + 2, SHORT, this.#little)
    this.#view.setUint32(at + 4, 1, this.#little)
    this.#view.setUint32(at + 8, 0)
    this.#view.setUint16(at + 8, 1, this.#little)
  }

  #long(at: number): number {
    return this.#view.getUint32(at, this.#little)
  }
}
