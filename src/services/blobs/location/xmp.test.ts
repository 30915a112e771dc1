import { expect, test } from 'vitest'
import { ascii, xmp } from '../../../testing/image-samples.ts'
import { toLatin1 } from './walk.ts'
import { blankXmp } from './xmp.ts'

/** The packet after cleaning, with runs of spaces shortened. */
function clean(packet: Uint8Array): { found: boolean; text: string } {
  const copy = packet.slice()
  const found = blankXmp(copy)
  expect(copy.byteLength).toBe(packet.byteLength)
  return { found, text: toLatin1(copy).replace(/ +/g, ' ') }
}

test('attributes and elements about places go, with all they contain', () => {
  const packet = xmp(
    `exif:GPSLatitude = "1 > 0" a:b='exif:GPSLatitude="2"'`,
    '<exif:GPSAltitude\n>34/1</exif:GPSAltitude ><photoshop:State/>' +
      '<Iptc4xmpExt:LocationShown a="1"><b><Iptc4xmpExt:LocationShown/></b>x</Iptc4xmpExt:LocationShown>',
  )
  const { found, text } = clean(packet)
  expect(found).toBe(true)
  expect(text).toBe(
    toLatin1(xmp(`a:b='exif:GPSLatitude="2"'`, ' ')).replace('"5" a', '"5" a').replace(/ +/g, ' '),
  )
})

test('comments, CDATA and instructions are passed over', () => {
  const packet = xmp('', '<!-- <exif:GPSLatitude> --><![CDATA[<exif:GPSLatitude>]]><?a <b ?>')
  expect(clean(packet).found).toBe(false)
})

test.each([
  ['an element that does not end', '<x><exif:GPSLatitude>1</x>'],
  ['an attribute that does not end', '<x exif:GPSLatitude="1'],
  ['a comment that does not end', '<x exif:GPSLatitude="1"/><!--'],
  ['elements across each other', '<a><exif:GPSLatitude></a>1</exif:GPSLatitude>'],
  ['UTF-16', [...'<x exif:GPSLatitude="1"/>'].join('\0')],
])('a packet that is broken or unusual goes whole: %s', (_, text) => {
  expect(clean(ascii(text))).toEqual({ found: true, text: ' ' })
})

test('a broken packet that is not about places stays', () => {
  const text = '<x dc:title="Berlin'
  expect(clean(ascii(text))).toEqual({ found: false, text })
})

test.each(['<a "', "<a b='", '<a ', '<!--', '<a>', '<a b="c" '])(
  'time grows with the size of %j repeated, no faster',
  (piece) => {
    const started = Date.now()
    blankXmp(ascii(piece.repeat(1_000_000 / piece.length)))
    // Minutes, if it grew with the square.
    expect(Date.now() - started).toBeLessThan(10_000)
  },
)
