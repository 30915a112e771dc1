/** Small real images, and metadata to put into them byte by byte; for tests. */
import { crc32 } from 'node:zlib'
import { concat } from '../services/blobs/location/walk.ts'

export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

const base64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64'))

/** 8 × 8, grey. */
const JPEG = base64(
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAKBueIx4ZKCMgoy0qqC+8P//8Nzc8P//////////////////////////////////' +
    '////////////////////////wAALCAAIAAgBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABUQAQEAAAAAAAAAAAAAAAAA' +
    'AAAT/9oACAEBAAA/AEX/2Q==',
)
/** 2 × 1, red. */
const PNG = base64(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
)
/** The image chunk of a WebP file of 2 × 1, red. */
const VP8L = base64('LwEAAAAHEP2P/gciov8BAA==').subarray(0, 15)

export interface TiffOptions {
  littleEndian?: boolean
  /** Tags in the GPS directory; no directory without. */
  gps?: readonly number[]
  /** Other entries in the first directory: [tag, type, value]. */
  others?: readonly (readonly [tag: number, type: number, value: Uint8Array])[]
}

/** What is in every GPS value of `tiff`, so that tests can look for it. */
export const PLACE_VALUE = ascii('N 52.5163 13.3777 here!!')

/** EXIF data: orientation 6, a camera, what `options` say. */
export function tiff({ littleEndian = true, gps, others = [] }: TiffOptions): Uint8Array {
  const entries: Entry[] = [
    [0x010f, 2, ascii('Acme Camera\0')],
    [0x0112, 3, short(6, littleEndian)],
    ...others,
  ]
  const bytes = new Uint8Array(65_000)
  const view = new DataView(bytes.buffer)
  bytes.set(ascii(littleEndian ? 'II*\0' : 'MM\0*'))
  view.setUint32(4, 8, littleEndian)
  const link: Entry[] = gps ? [[0x8825, 4, new Uint8Array(4)]] : []
  const first = writeDirectory(view, 8, [...entries, ...link], littleEndian)
  if (!gps) return bytes.slice(0, first.end)
  const values = gps.map((tag): Entry => [tag, 5, PLACE_VALUE])
  const second = writeDirectory(view, first.end, values, littleEndian)
  view.setUint32(8 + 2 + entries.length * 12 + 8, first.end, littleEndian)
  return bytes.slice(0, second.end)
}

type Entry = readonly [tag: number, type: number, value: Uint8Array]

const SIZES = [0, 1, 1, 2, 4, 8]

function writeDirectory(
  view: DataView,
  at: number,
  entries: readonly Entry[],
  littleEndian: boolean,
): { end: number } {
  const bytes = new Uint8Array(view.buffer)
  view.setUint16(at, entries.length, littleEndian)
  let end = at + 2 + entries.length * 12 + 4
  entries.forEach(([tag, type, value], i) => {
    const entry = at + 2 + i * 12
    view.setUint16(entry, tag, littleEndian)
    view.setUint16(entry + 2, type, littleEndian)
    view.setUint32(entry + 4, value.byteLength / (SIZES[type] ?? 1), littleEndian)
    if (value.byteLength <= 4) {
      bytes.set(value, entry + 8)
    } else {
      view.setUint32(entry + 8, end, littleEndian)
      bytes.set(value, end)
      end += value.byteLength
    }
  })
  return { end }
}

function short(value: number, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint16(0, value, littleEndian)
  return bytes.subarray(0, 2)
}

/** An XMP packet with these attributes and elements of one description. */
export const xmp = (attributes: string, elements: string): Uint8Array =>
  ascii(
    `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">` +
      `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description ` +
      `rdf:about="" xmp:Rating="5" ${attributes}>${elements}<dc:format>image</dc:format>` +
      `</rdf:Description></rdf:RDF></x:xmpmeta>   <?xpacket end="w"?>`,
  )

export const XMP_WITH_PLACE = xmp(
  `exif:GPSLatitude='52,30.978N' drone-dji:GpsLongtitude="13.3777"`,
  '<Iptc4xmpExt:LocationShown><rdf:Bag><rdf:li Iptc4xmpExt:City="Berlin"/></rdf:Bag>' +
    '</Iptc4xmpExt:LocationShown><photoshop:City>Berlin</photoshop:City>',
)

/** A JPEG file with these segments before its first table. */
export function jpeg(...segments: [marker: number, content: Uint8Array][]): Uint8Array {
  const parts = segments.flatMap(([marker, content]) => {
    const size = content.byteLength + 2
    return [new Uint8Array([0xff, marker, size >> 8, size & 0xff]), content]
  })
  return concat([JPEG.subarray(0, 20), ...parts, JPEG.subarray(20)])
}

export const exifSegment = (data: Uint8Array): [number, Uint8Array] => [
  0xe1,
  concat([ascii('Exif\0\0'), data]),
]

export const xmpSegment = (packet: Uint8Array): [number, Uint8Array] => [
  0xe1,
  concat([ascii('http://ns.adobe.com/xap/1.0/\0'), packet]),
]

/** Photoshop image resources with IPTC data: datasets of record 2. */
export function iptcSegment(...datasets: [id: number, text: string][]): [number, Uint8Array] {
  const data = concat(
    datasets.flatMap(([id, text]) => [new Uint8Array([0x1c, 2, id, 0, text.length]), ascii(text)]),
  )
  const size = data.byteLength
  const padding = new Uint8Array(size & 1)
  const head = new Uint8Array([4, 4, 0, 0, 0, 0, size >> 8, size & 0xff])
  return [0xed, concat([ascii('Photoshop 3.0\0'), ascii('8BIM'), head, data, padding])]
}

/** A PNG file with these chunks before its pixels. */
export function png(...chunks: [type: string, content: Uint8Array][]): Uint8Array {
  return concat([
    PNG.subarray(0, 33),
    ...chunks.map(([type, content]) => pngChunk(type, content)),
    PNG.subarray(33),
  ])
}

function pngChunk(type: string, content: Uint8Array): Uint8Array {
  const chunk = concat([new Uint8Array(4), ascii(type), content, new Uint8Array(4)])
  const view = new DataView(chunk.buffer)
  view.setUint32(0, content.byteLength)
  view.setUint32(8 + content.byteLength, crc32(chunk.subarray(4, -4)))
  return chunk
}

/** Whether the checksums of all chunks are right. */
export function pngIsSound(file: Uint8Array): boolean {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  let at = 8
  while (at + 12 <= file.byteLength) {
    const end = at + 8 + view.getUint32(at)
    if (crc32(file.subarray(at + 4, end)) !== view.getUint32(end)) return false
    at = end + 4
  }
  return at === file.byteLength
}

/** A WebP file with these chunks after its pixels. */
export function webp(...chunks: [type: string, content: Uint8Array][]): Uint8Array {
  const flags = new Uint8Array([0x0c, 0, 0, 0, 1, 0, 0, 0, 0, 0])
  const all: [string, Uint8Array][] = [['VP8X', flags], ['VP8L', VP8L], ...chunks]
  const body = concat(
    all.flatMap(([type, content]) => [
      ascii(type),
      long(content.byteLength),
      content,
      new Uint8Array(content.byteLength & 1),
    ]),
  )
  return concat([ascii('RIFF'), long(body.byteLength + 4), ascii('WEBP'), body])
}

function long(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}
