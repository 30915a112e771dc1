/** Texts in PNG files, which are where programs put metadata before there was an eXIf chunk. */
import { inflateSync } from 'node:zlib'
import { blankDatasets } from './iptc.ts'
import { isLocationName } from './names.ts'
import { blankResources } from './photoshop.ts'
import { removeGps } from './tiff.ts'
import { toLatin1 } from './walk.ts'
import { blankXmp } from './xmp.ts'

export const TEXT_TYPES: ReadonlySet<string> = new Set(['tEXt', 'zTXt', 'iTXt'])

const XMP = 'XML:com.adobe.xmp'
/** Metadata in hexadecimal digits, as ImageMagick writes it. */
const RAW_PROFILE = 'Raw profile type '

/** Most bytes that compressed metadata may unpack to. */
const MAX_UNPACKED = 4 * 1024 * 1024

const keywordOf = (content: Uint8Array): string => {
  const text = toLatin1(content.subarray(0, 80))
  const end = text.indexOf('\0')
  return end === -1 ? '' : text.slice(0, end)
}

/** Whether the text that begins like this is metadata, or a property about a place. */
export function isMetadataText(start: Uint8Array): boolean {
  const keyword = keywordOf(start)
  return (
    keyword === XMP ||
    keyword.startsWith(RAW_PROFILE) ||
    keyword.toLowerCase() === 'location' ||
    isLocationName(keyword)
  )
}

/**
 * Takes the location out of a text.
 *
 * @returns whether there was one; `drop` when the text must go whole, because what is compressed or
 * in digits cannot be changed in place
 */
export function cleanText(type: string, content: Uint8Array): boolean | 'drop' {
  if (!isMetadataText(content)) return false
  const keyword = keywordOf(content)
  const isProfile = keyword.startsWith(RAW_PROFILE)
  if (keyword !== XMP && !isProfile) return 'drop'
  const text = readText(type, content, keyword.length + 1)
  if (text === 'too large') return 'drop'
  if (!text) return false
  if (!isProfile) return blankXmp(text.bytes) && (text.isCopy ? 'drop' : true)
  const profile = fromDigits(toLatin1(text.bytes))
  const found = [removeGps, blankResources, blankDatasets, blankXmp].some((clean) => clean(profile))
  return found && 'drop'
}

interface Text {
  bytes: Uint8Array
  /** Unpacked: changing it does not change the file. */
  isCopy: boolean
}

/** The text after keyword and flags; undefined when it cannot be read. */
function readText(type: string, content: Uint8Array, at: number): Text | 'too large' | undefined {
  if (type === 'tEXt') return { bytes: content.subarray(at), isCopy: false }
  if (type === 'zTXt') return unpack(content.subarray(at + 1))
  const isCompressed = content[at] === 1
  const languageEnd = content.indexOf(0, at + 2)
  const keywordEnd = languageEnd === -1 ? -1 : content.indexOf(0, languageEnd + 1)
  if (keywordEnd === -1) return undefined
  const bytes = content.subarray(keywordEnd + 1)
  return isCompressed ? unpack(bytes) : { bytes, isCopy: false }
}

function unpack(packed: Uint8Array): Text | 'too large' | undefined {
  try {
    return { bytes: inflateSync(packed, { maxOutputLength: MAX_UNPACKED }), isCopy: true }
  } catch (error) {
    return error instanceof RangeError ? 'too large' : undefined
  }
}

/** A profile is a name, a size and lines of hexadecimal digits. */
function fromDigits(text: string): Uint8Array {
  const [, digits = ''] = /^\s*\S+\s+\d+\s+([\da-f\s]*)/i.exec(text) ?? []
  return new Uint8Array(Buffer.from(digits.replace(/\s/g, ''), 'hex'))
}
