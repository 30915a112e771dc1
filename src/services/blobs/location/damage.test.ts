import {
  type Arbitrary,
  array,
  assert,
  constantFrom,
  integer,
  property,
  record,
  uint8Array,
} from 'fast-check'
import { expect, test } from 'vitest'
import {
  exifSegment,
  iptcSegment,
  jpeg,
  png,
  pngIsSound,
  tiff,
  webp,
  XMP_WITH_PLACE,
  xmpSegment,
} from '../../../testing/image-samples.ts'
import { walkImage } from './filter.ts'
import { concat, type Walk, Walker } from './walk.ts'

const exif = tiff({ gps: [0, 1, 2, 3, 4] })
const files = [
  jpeg(exifSegment(exif), xmpSegment(XMP_WITH_PLACE), iptcSegment([90, 'Berlin'], [25, 'gate'])),
  jpeg(exifSegment(tiff({ gps: [2], littleEndian: false }))),
  png(['eXIf', exif]),
  webp(['EXIF', exif], ['XMP ', XMP_WITH_PLACE]),
]

function run(walk: Walk, file: Uint8Array, size: number): Uint8Array {
  const walker = new Walker(walk)
  const out: Uint8Array[] = []
  for (let at = 0; at < file.byteLength; at += size) {
    out.push(walker.push(file.slice(at, at + size)))
  }
  return concat([...out, walker.end()])
}

const strip = (file: Uint8Array, size = file.byteLength) =>
  run(
    walkImage(() => {}),
    file,
    size,
  )

const damaged: Arbitrary<Uint8Array> = record({
  file: constantFrom(...files),
  hits: array(
    record({ at: integer({ min: 0, max: 1500 }), value: integer({ min: 0, max: 255 }) }),
    {
      maxLength: 8,
    },
  ),
  cut: integer({ min: 0, max: 300 }),
}).map(({ file, hits, cut }) => {
  const copy = file.slice(0, file.byteLength - Math.max(0, cut - 200))
  for (const { at, value } of hits) copy[at % copy.byteLength] = value
  return copy
})

/** Where two files of equal size differ, from the first to the last byte. */
function differences(a: Uint8Array, b: Uint8Array): number[] {
  const places: number[] = []
  a.forEach((value, i) => {
    if (value !== b[i]) places.push(i)
  })
  return places
}

const runs = (numRuns: number) => ({ numRuns, seed: 20261121 })

test('a damaged file keeps its length, however it is cut into chunks', () => {
  assert(
    property(damaged, integer({ min: 1, max: 400 }), (file, size) => {
      const whole = strip(file)
      expect(whole.byteLength).toBe(file.byteLength)
      expect(differences(strip(file, size), whole)).toEqual([])
    }),
    runs(3000),
  )
})

test('stripping twice is stripping once', () => {
  assert(
    property(damaged, (file) => {
      const once = strip(file)
      expect(differences(strip(once), once)).toEqual([])
    }),
    runs(2000),
  )
})

test('only metadata changes: pixels, tables and checksums of a damaged file stay as they are', () => {
  // Damage within the metadata; what is around it must survive byte for byte.
  const around = jpeg()
  assert(
    property(uint8Array({ maxLength: 200 }), integer({ min: 0, max: 400 }), (noise, at) => {
      const data = exif.slice()
      data.set(noise.subarray(0, Math.max(0, data.byteLength - at)), Math.min(at, data.byteLength))
      const file = strip(jpeg(exifSegment(data)))
      expect(file.subarray(0, 20)).toEqual(around.subarray(0, 20))
      expect(file.subarray(30 + data.byteLength)).toEqual(around.subarray(20))
      expect(pngIsSound(strip(png(['eXIf', data])))).toBe(true)
    }),
    runs(2000),
  )
})

test('any bytes at all pass, unharmed where they are no metadata', () => {
  const starts = ['\xff\xd8\xff', '\x89PNG\r\n\x1a\n', 'RIFF\0\0\0\0WEBP', ''].map((text) =>
    Uint8Array.from(text, (char) => char.charCodeAt(0)),
  )
  assert(
    property(constantFrom(...starts), uint8Array({ maxLength: 2000 }), (start, noise) => {
      const file = concat([start, noise])
      expect(differences(strip(file, 64), file)).toEqual([])
    }),
    runs(2000),
  )
})
