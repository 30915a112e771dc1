/** Examples of what schemas allow, for people to start from. */
import type { DocumentedLexicon } from './source.ts'

type Lexicons = ReadonlyMap<string, DocumentedLexicon>

/** How deep references are followed. */
const MAX_DEPTH = 8

const BY_FORMAT: Readonly<Record<string, string | undefined>> = {
  'at-identifier': 'alice.example.com',
  'at-uri': 'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/com.example.thing/3jzfcijpj2z2a',
  cid: 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a',
  datetime: '2026-01-01T12:00:00.000Z',
  did: 'did:plc:ewvi7nxzyoun6zhxrhs64oiz',
  handle: 'alice.example.com',
  language: 'en',
  nsid: 'com.example.thing',
  'record-key': '3jzfcijpj2z2a',
  tid: '3jzfcijpj2z2a',
  uri: 'https://example.com/',
}

interface Piece {
  type?: string
  [field: string]: unknown
}

/** A value of a schema with what it requires; of an object that requires nothing, all. */
export function exampleOf(schema: unknown, nsid: string, lexicons: Lexicons, depth = 0): unknown {
  const piece = (schema ?? {}) as Piece
  if (piece.const !== undefined) return piece.const
  if (piece.default !== undefined) return piece.default
  const [first] = [piece.enum, piece.knownValues].flatMap((values) =>
    Array.isArray(values) ? values : [],
  )
  if (first !== undefined) return first
  switch (piece.type) {
    case 'string':
      return BY_FORMAT[String(piece.format)] ?? 'text'.padEnd(Number(piece.minLength ?? 0), '.')
    case 'integer':
      return piece.minimum ?? Math.min(1, Number(piece.maximum ?? 1))
    case 'boolean':
      return true
    case 'array':
      return depth < MAX_DEPTH ? [exampleOf(piece.items, nsid, lexicons, depth + 1)] : []
    case 'blob':
      return { $type: 'blob', ref: { $link: BY_FORMAT.cid }, mimeType: 'image/png', size: 1 }
    case 'bytes':
      return { $bytes: 'aGVsbG8' }
    case 'cid-link':
      return { $link: BY_FORMAT.cid }
    case 'token':
      return nsid
    case 'record':
      return { $type: nsid, ...(exampleOf(piece.record, nsid, lexicons, depth) as object) }
    case 'object':
    case 'params':
      return objectExample(piece, nsid, lexicons, depth)
    case 'ref':
      return followed(String(piece.ref), nsid, lexicons, depth)
    case 'union': {
      const [ref] = Array.isArray(piece.refs) ? piece.refs : []
      if (ref === undefined) return {}
      const { id } = resolve(String(ref), nsid)
      return { $type: id, ...(followed(String(ref), nsid, lexicons, depth) as object) }
    }
    default:
      return {}
  }
}

function objectExample(piece: Piece, nsid: string, lexicons: Lexicons, depth: number) {
  const properties = Object.entries((piece.properties ?? {}) as Record<string, Piece>)
  const required = new Set(Array.isArray(piece.required) ? piece.required : [])
  const shown =
    depth === 0 && required.size === 0
      ? properties
      : properties.filter(([name]) => required.has(name))
  return Object.fromEntries(
    shown.map(([name, field]) => [name, exampleOf(field, nsid, lexicons, depth + 1)]),
  )
}

function followed(ref: string, nsid: string, lexicons: Lexicons, depth: number): unknown {
  if (depth >= MAX_DEPTH) return {}
  const { base, name, id } = resolve(ref, nsid)
  const def = lexicons.get(base)?.defs[name]
  return def?.type === 'token' ? id : exampleOf(def, base, lexicons, depth + 1)
}

function resolve(ref: string, nsid: string) {
  const [given = '', name = 'main'] = ref.replace(/^lex:/, '').split('#')
  const base = given || nsid
  return { base, name, id: name === 'main' ? base : `${base}#${name}` }
}
