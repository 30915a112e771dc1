import { deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import {
  ascii,
  exifSegment,
  iptcSegment,
  jpeg,
  PLACE_VALUE,
  png,
  pngIsSound,
  tiff,
  webp,
  XMP_WITH_PLACE,
  xmp,
  xmpSegment,
} from '../../../testing/image-samples.ts'
import { walkImage } from './filter.ts'
import { concat, MAX_METADATA, toLatin1, Walker } from './walk.ts'

/** Runs a file through, cut into chunks of `size`. */
function run(file: Uint8Array, size = 1000) {
  let found = 0
  const walker = new Walker(
    walkImage(() => {
      found++
    }),
  )
  const out: Uint8Array[] = []
  for (let at = 0; at < file.byteLength; at += size) {
    out.push(walker.push(file.slice(at, at + size)))
  }
  out.push(walker.end())
  return { bytes: concat(out), found }
}

const LATITUDE = 2
const PLACES = ['Berlin', '52,30', '13.3777', toLatin1(PLACE_VALUE)]

/** Expects the same file without its places; returns it as text. */
function expectStripped(file: Uint8Array): string {
  const { bytes, found } = run(file)
  const text = toLatin1(bytes)
  expect(found).toBeGreaterThan(0)
  expect(bytes.byteLength).toBe(file.byteLength)
  for (const place of PLACES) expect(text).not.toContain(place)
  // What is stripped once is clean: it passes the policy `reject` too.
  expect(run(bytes).found).toBe(0)
  return text
}

function expectUntouched(file: Uint8Array): void {
  const { bytes, found } = run(file)
  expect(found).toBe(0)
  expect(bytes).toEqual(file)
}

const gps = [0, 1, LATITUDE, 3, 4]
const iptc = iptcSegment([25, 'gate'], [90, 'Berlin'], [101, 'Germany'], [120, 'At the gate'])

describe.each([true, false])('EXIF data, little endian: %s', (littleEndian) => {
  test('the GPS directory goes, its place is zeros, and all else stays', () => {
    const { bytes } = run(jpeg(exifSegment(tiff({ littleEndian, gps }))))
    const without = tiff({ littleEndian })
    const exif = bytes.subarray(30)
    const entries = littleEndian ? [2, 0] : [0, 2]
    expect([...exif.subarray(8, 10)]).toEqual(entries)
    // Entries as they were; values keep their places, 12 bytes further on than without GPS data.
    expect(exif.subarray(22, 34)).toEqual(without.subarray(22, 34))
    expect(exif.subarray(34, 50)).toEqual(new Uint8Array(16))
    expect(toLatin1(exif.subarray(50, 61))).toBe('Acme Camera')
    const size = tiff({ littleEndian, gps }).byteLength
    expect(exif.subarray(62, size)).toEqual(new Uint8Array(size - 62))
    expect(exif.subarray(size)).toEqual(jpeg().subarray(20))
  })

  test('version, date and time alone are no location', () => {
    expectUntouched(jpeg(exifSegment(tiff({ littleEndian, gps: [0, 7, 0x1d] }))))
  })

  test('a directory of nothing but GPS data does not become empty', () => {
    const whole = tiff({ littleEndian, gps })
    // The first directory begins at its last entry.
    const data = new DataView(whole.buffer)
    const at = 8 + 2 * 12
    data.setUint32(4, at, littleEndian)
    data.setUint16(at, 1, littleEndian)
    const { bytes } = run(jpeg(exifSegment(whole)))
    const exif = new DataView(bytes.buffer, 30)
    expect(exif.getUint16(at, littleEndian)).toBe(1)
    expect(exif.getUint16(at + 2, littleEndian)).toBe(0x0112)
    expect(exif.getUint16(at + 10, littleEndian)).toBe(1)
  })
})

describe('JPEG', () => {
  test('EXIF, XMP and IPTC data lose the location, and nothing else', () => {
    const file = jpeg(exifSegment(tiff({ gps })), xmpSegment(XMP_WITH_PLACE), iptc)
    const text = expectStripped(file)
    for (const kept of ['Acme Camera', 'xmp:Rating="5"', '<dc:format>', 'gate', 'At the gate']) {
      expect(text).toContain(kept)
    }
    expect(text).not.toContain('Germany')
    expect(text).not.toContain('GPS')
    expect(text.slice(-140)).toBe(toLatin1(jpeg()).slice(-140))
  })

  test('filler bytes, parameterless markers and bytes between segments hide nothing', () => {
    const file = jpeg(exifSegment(tiff({ gps })))
    const between = new Uint8Array([0xff, 0xff, 0xff, 0x01, 0x12, 0x34, 0xff, 0x00])
    expectStripped(concat([file.subarray(0, 20), between, file.subarray(20)]))
  })

  test('a second image behind the first, and one inside its EXIF data, are cleaned', () => {
    const inner = jpeg(xmpSegment(XMP_WITH_PLACE))
    expectStripped(concat([jpeg(), ascii('between'), jpeg(exifSegment(tiff({ gps })))]))
    const preview = tiff({ others: [[0xc000, 7, inner]] })
    expectStripped(jpeg(exifSegment(preview)))
  })

  test('an extended XMP packet with a location is blanked from there on', () => {
    const part = (text: string): [number, Uint8Array] => [
      0xe1,
      concat([ascii('http://ns.adobe.com/xmp/extension/\0'), ascii(`${'A'.repeat(40)}${text}`)]),
    ]
    const text = expectStripped(jpeg(part('<a exif:GPSLat'), part('itude="52,30"/>'), part('<b/>')))
    expect(text).not.toContain('<b/>')
  })

  test.each([
    ['EXIF data without location', exifSegment(tiff({}))],
    ['XMP without location', xmpSegment(xmp('exif:GPSVersionID="2.3"', ''))],
    ['IPTC data without location', iptcSegment([25, 'Berlin'])],
    ['an unknown segment', [0xe1, XMP_WITH_PLACE] as [number, Uint8Array]],
  ])('%s is untouched', (_, segment) => {
    expectUntouched(jpeg(segment))
  })
})

const itxt = (keyword: string, text: Uint8Array, isCompressed = false): [string, Uint8Array] => [
  'iTXt',
  concat([
    ascii(`${keyword}\0`),
    new Uint8Array([isCompressed ? 1 : 0, 0, 0, 0]),
    isCompressed ? deflateSync(text) : text,
  ]),
]
const ztxt = (keyword: string, text: Uint8Array): [string, Uint8Array] => [
  'zTXt',
  concat([ascii(`${keyword}\0\0`), deflateSync(text)]),
]
const profile = (data: Uint8Array) =>
  ascii(`\nexif\n  ${data.byteLength}\n${Buffer.from(data).toString('hex')}\n`)
const XMP_KEY = 'XML:com.adobe.xmp'

describe('PNG', () => {
  test('eXIf and XMP chunks lose the location and keep the rest, with the right checksum', () => {
    const file = png(['eXIf', tiff({ gps })], itxt(XMP_KEY, XMP_WITH_PLACE))
    const { bytes } = run(file)
    expect(pngIsSound(file)).toBe(true)
    expect(pngIsSound(bytes)).toBe(true)
    const text = expectStripped(file)
    expect(text).toContain('Acme Camera')
    expect(text).toContain('xmp:Rating="5"')
  })

  test.each<[string, [string, Uint8Array]]>([
    ['compressed XMP', itxt(XMP_KEY, XMP_WITH_PLACE, true)],
    ['a compressed raw profile', ztxt('Raw profile type exif', profile(tiff({ gps })))],
    ['a raw profile', ['tEXt', concat([ascii('Raw profile type APP1\0'), profile(tiff({ gps }))])]],
    ['a property about a place', ['tEXt', ascii('exif:GPSLatitude\x0052/1, 30/1, 58/1')]],
    ['a place', ['tEXt', ascii('Location\0Berlin')]],
    ['compressed XMP of endless size', ztxt(XMP_KEY, new Uint8Array(5_000_000))],
  ])('%s becomes a comment of spaces', (_, chunk) => {
    const file = png(chunk)
    const { bytes } = run(file)
    expect(pngIsSound(bytes)).toBe(true)
    const text = expectStripped(file)
    expect(text).toMatch(/tEXt-\0 +/)
    expect(text).not.toContain(toLatin1(chunk[1]).slice(0, 8))
  })

  test.each<[string, [string, Uint8Array]]>([
    ['EXIF data without location', ['eXIf', tiff({})]],
    ['compressed XMP without location', itxt(XMP_KEY, xmp('', ''), true)],
    ['compressed XMP that is broken', ['zTXt', concat([ascii(`${XMP_KEY}\0\0`), PLACE_VALUE])]],
    ['a raw profile without location', ztxt('Raw profile type exif', profile(tiff({})))],
    ['a text that speaks of a place', ['tEXt', ascii('Description\0Berlin')]],
    ['a long text', ['tEXt', ascii(`workflow\0${'{}'.repeat(MAX_METADATA)}`)]],
  ])('%s is untouched', (_, chunk) => {
    expectUntouched(png(chunk))
  })

  test('EXIF data over the bound goes whole', () => {
    const huge = concat([tiff({ gps }), new Uint8Array(2 * MAX_METADATA)])
    const { bytes } = run(png(['eXIf', huge]))
    expect(pngIsSound(bytes)).toBe(true)
    expectStripped(png(['eXIf', huge]))
  })
})

describe('WebP', () => {
  test('EXIF and XMP chunks lose the location and keep the rest', () => {
    const text = expectStripped(webp(['EXIF', tiff({ gps })], ['XMP ', XMP_WITH_PLACE]))
    expect(text).toContain('Acme Camera')
    expect(text).toContain('xmp:Rating="5"')
  })

  test('padding may be missing at the end of the file', () => {
    const file = webp(['EXIF', concat([tiff({ gps }), new Uint8Array(1)])])
    expect(file.byteLength % 2).toBe(0)
    expectStripped(file.subarray(0, -1))
  })

  test('metadata over the bound is blanked', () => {
    const huge = concat([tiff({ gps }), new Uint8Array(2 * MAX_METADATA)])
    const file = webp(['EXIF', huge], ['XMP ', XMP_WITH_PLACE])
    const { bytes, found } = run(file)
    expect(found).toBe(2)
    expect(bytes.byteLength).toBe(file.byteLength)
    for (const place of PLACES) expect(toLatin1(bytes)).not.toContain(place)
  })

  test('metadata without location is untouched', () => {
    expectUntouched(webp(['EXIF', tiff({})], ['XMP ', xmp('', '')]))
  })
})

test.each([
  ['an empty file', new Uint8Array(0)],
  ['a file of a byte', ascii('R')],
  ['a text', ascii('GPSLatitude 52.5163 13.3777, in Berlin')],
  ['another RIFF file', concat([ascii('RIFF0000WAVE'), webp(['EXIF', tiff({ gps })])])],
])('%s is untouched', (_, file) => {
  expectUntouched(file)
})
