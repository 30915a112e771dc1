/** WebP (RFC 9649): RIFF chunks, two of which hold metadata. */
import { removeGps } from './tiff.ts'
import { MAX_METADATA, type Step, toLatin1, type Walk } from './walk.ts'
import { blankXmp } from './xmp.ts'

const CLEANERS: Record<string, (content: Uint8Array) => boolean> = {
  EXIF: removeGps,
  'XMP ': blankXmp,
  // As ImageMagick 6 spells it.
  'XMP\0': blankXmp,
}

export function* walkWebp(found: () => void): Walk {
  yield { pass: 'RIFFsizeWEBP'.length }
  for (;;) {
    const head = yield { take: 8 }
    const size = new DataView(head.buffer).getUint32(4, true)
    const clean = CLEANERS[toLatin1(head.subarray(0, 4))]
    if (!clean) {
      yield { pass: size }
    } else if (size > MAX_METADATA) {
      found()
      yield* blank(size)
    } else if (clean(yield { take: size })) {
      found()
    }
    // Chunks begin at even places. At the end of a file some writers leave the padding out.
    yield { pass: size & 1 }
  }
}

/** Spaces: no EXIF data, and an XMP packet with nothing in it. */
function* blank(size: number): Generator<Step, void, Uint8Array> {
  for (let rest = size; rest > 0; rest -= MAX_METADATA) {
    const part = yield { take: Math.min(rest, MAX_METADATA) }
    part.fill(0x20)
  }
}
