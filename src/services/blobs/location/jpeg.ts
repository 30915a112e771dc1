/** JPEG (ITU T.81 annex B): a list of segments; EXIF and XMP in APP1, IPTC in APP13. */
import { mentionsLocation } from './names.ts'
import { blankResources } from './photoshop.ts'
import { removeGps } from './tiff.ts'
import { hasText, toLatin1, type Walk, Walker } from './walk.ts'
import { blankXmp } from './xmp.ts'

const EXIF = 'Exif\0'
const XMP = 'http://ns.adobe.com/xap/1.0/\0'
const EXTENDED_XMP = 'http://ns.adobe.com/xmp/extension/\0'
const PHOTOSHOP = 'Photoshop 3.0\0'

/** Digest, size and offset before a part of an extended XMP packet. */
const EXTENDED_HEAD = EXTENDED_XMP.length + 32 + 4 + 4
/** More than the longest property name, in bytes. */
const NAME_SPACE = 64

const MARKER = { start: 0xd8, end: 0xd9, app1: 0xe1, app13: 0xed } as const

interface Options {
  /** Whether this is the preview in a segment of another file; those have no previews. */
  isPreview?: boolean
}

/**
 * Cleans the segments of a file in place. Bytes between segments are passed over as decoders do, so
 * that what a decoder finds is found here too. Further images after the first one (previews, depth
 * maps: CIPA DC-007) are cleaned as well.
 */
export function* walkJpeg(found: () => void, { isPreview = false }: Options = {}): Walk {
  const extended = new ExtendedXmp()
  for (;;) {
    yield { seek: 0xff, stop: isMarker }
    const marker = (yield { take: 2 })[1] as number
    if (marker === MARKER.end) yield { seek: 0xff, stop: (next) => next === MARKER.start }
    if (isAlone(marker)) continue
    const head = yield { take: 2 }
    const size = new DataView(head.buffer).getUint16(0) - 2
    if (size <= 0) continue
    if (marker !== MARKER.app1 && marker !== MARKER.app13) {
      yield { pass: size }
      continue
    }
    const segment = yield { take: size }
    if (cleanSegment(marker, segment, extended)) found()
    if (!isPreview && hasText(segment, EXIF)) cleanPreview(segment, found)
  }
}

/** Not an escaped 0xff, not a filler byte, and not one of those that part the image data. */
const isMarker = (next: number) => next !== 0x00 && next !== 0xff && (next < 0xd0 || next > 0xd7)

/** Markers without a size and content. */
const isAlone = (marker: number) => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd9)

function cleanSegment(marker: number, segment: Uint8Array, extended: ExtendedXmp): boolean {
  if (marker === MARKER.app13) {
    return hasText(segment, PHOTOSHOP) && blankResources(segment.subarray(PHOTOSHOP.length))
  }
  if (hasText(segment, EXIF)) return removeGps(segment.subarray(EXIF.length + 1))
  if (hasText(segment, XMP)) return blankXmp(segment.subarray(XMP.length))
  return hasText(segment, EXTENDED_XMP) && extended.clean(segment.subarray(EXTENDED_HEAD))
}

/** The small picture in EXIF data is a JPEG file too, and may have metadata of its own. */
function cleanPreview(segment: Uint8Array, found: () => void): void {
  let start = segment.indexOf(0xff)
  while (start !== -1 && !hasText(segment, '\xff\xd8\xff', start)) {
    start = segment.indexOf(0xff, start + 1)
  }
  if (start === -1) return
  const walker = new Walker(walkJpeg(found, { isPreview: true }))
  const head = walker.push(segment.slice(start))
  segment.set(head, start)
  segment.set(walker.end(), start + head.byteLength)
}

/**
 * An XMP packet over 64 KiB continues in parts that are cut anywhere. From the first mention of a
 * place on, all of it becomes spaces: then it is no XML any more, and readers pass over it.
 */
class ExtendedXmp {
  #before = ''
  #hiding = false

  clean(part: Uint8Array): boolean {
    const text = this.#before + toLatin1(part)
    this.#before = text.slice(-NAME_SPACE)
    this.#hiding ||= mentionsLocation(text)
    if (this.#hiding) part.fill(0x20)
    return this.#hiding
  }
}
