/**
 * Takes the location out of an XMP packet in place (XMP specification part 1): attributes and
 * elements about places become spaces, so that it stays well formed and as long as it was.
 */
import { isLocationName, mentionsLocation } from './names.ts'
import type { Range } from './ranges.ts'
import { toLatin1 } from './walk.ts'

const SPACE = 0x20

/** @returns whether there was a location */
export function blankXmp(packet: Uint8Array): boolean {
  const text = toLatin1(packet)
  // Other encodings than UTF-8 are allowed, and nobody uses them.
  if (text.includes('\0<') || text.includes('<\0')) {
    return blankWhole(packet, text.replaceAll('\0', ''))
  }
  const ranges = locations(text)
  if (!ranges) return blankWhole(packet, text)
  for (const [start, end] of ranges) packet.fill(SPACE, start, end)
  return ranges.length > 0
}

/** A packet that cannot be parsed and might be about a place becomes nothing but spaces. */
function blankWhole(packet: Uint8Array, text: string): boolean {
  if (!mentionsLocation(text)) return false
  packet.fill(SPACE)
  return true
}

/** Where attributes and elements about places are; undefined when the XML is broken. */
function locations(text: string): Range[] | undefined {
  const ranges: Range[] = []
  const open: { name: string; hidden: boolean; start: number }[] = []
  let at = text.indexOf('<')
  while (at !== -1) {
    const end = text.startsWith('<!', at) || text.startsWith('<?', at) ? skip(text, at) : undefined
    const tag = end === undefined ? readTag(text, at) : undefined
    if (end === undefined && !tag) return undefined
    if (tag) {
      const inner = open.at(-1)
      const hidden = inner?.hidden ?? false
      if (tag.kind === 'end') {
        if (inner?.name !== tag.name) return undefined
        open.pop()
        if (hidden && !open.at(-1)?.hidden) ranges.push([inner.start, tag.end])
      } else {
        const hides = isLocationName(tag.name)
        if (tag.kind === 'start') {
          open.push({ name: tag.name, hidden: hidden || hides, start: at })
        } else if (hides && !hidden) {
          ranges.push([at, tag.end])
        }
        if (!hidden && !hides) for (const range of tag.locations) ranges.push(range)
      }
    }
    at = text.indexOf('<', tag?.end ?? end)
  }
  return open.length === 0 ? ranges : undefined
}

/** The end of a comment, CDATA section, processing instruction or declaration. */
function skip(text: string, at: number): number | undefined {
  const close = text.startsWith('<!--', at)
    ? '-->'
    : text.startsWith('<![CDATA[', at)
      ? ']]>'
      : text.startsWith('<?', at)
        ? '?>'
        : '>'
  const end = text.indexOf(close, at)
  return end === -1 ? undefined : end + close.length
}

interface Tag {
  kind: 'start' | 'end' | 'empty'
  name: string
  end: number
  /** Attributes about places. */
  locations: Range[]
}

const NAME = /[^\s=/>"'<]+/y
const WHITE = /\s*/y
const EQUALS = /\s*=\s*/y

/** Reads the tag at `at`; undefined when it is none. Takes time by its length only. */
function readTag(text: string, at: number): Tag | undefined {
  const isEnd = text[at + 1] === '/'
  const name = match(NAME, text, at + (isEnd ? 2 : 1))
  if (!name) return undefined
  const locations: Range[] = []
  let place = at + (isEnd ? 2 : 1) + name.length
  for (;;) {
    place += match(WHITE, text, place).length
    if (text[place] === '>')
      return { kind: isEnd ? 'end' : 'start', name, end: place + 1, locations }
    if (text.startsWith('/>', place)) return { kind: 'empty', name, end: place + 2, locations }
    const start = place
    const attribute = match(NAME, text, place)
    place += attribute.length
    place += match(EQUALS, text, place).length
    const quote = text[place]
    if (!attribute || (quote !== '"' && quote !== "'")) return undefined
    place = text.indexOf(quote, place + 1) + 1
    if (place === 0) return undefined
    if (isLocationName(attribute)) locations.push([start, place])
  }
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? ''
}
