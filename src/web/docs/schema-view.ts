/** Schemas as nested lists that people read. All text of lexicons goes through `html`, which escapes it. */
import { html } from 'hono/html'
import type { Html } from '../layout.ts'
import { anchorOf, pagePath } from './paths.ts'

/** A piece of a lexicon; which fields there are depends on its type. */
export interface Piece {
  type?: string
  description?: string
  [field: string]: unknown
}

/** How deep pieces inside pieces are shown. */
const MAX_DEPTH = 8

/** What references need. */
export interface Place {
  nsid: string
  /** Whether there is a page for a lexicon. */
  has(nsid: string): boolean
}

/** The fields of an object or of parameters. */
export function fieldsView(schema: unknown, place: Place, depth = 0): Html {
  const { properties, required, nullable } = schema as Piece
  const fields = Object.entries((properties ?? {}) as Record<string, Piece>)
  if (fields.length === 0) return html`<p class="quiet">Nothing.</p>`
  const needed = new Set(list(required))
  const mayBeNull = new Set(list(nullable))
  return html`<ul class="fields">${fields.map(
    ([name, field]) =>
      html`<li><p><code>${name}</code> ${typeView(field, place)}${mayBeNull.has(name) ? ' or null' : ''}${
        needed.has(name) ? html` <span class="req">required</span>` : ''
      }</p>${aboutView(field)}${insideView(field, place, depth)}</li>`,
  )}</ul>`
}

/** A definition, or what a body is. */
export function schemaView(schema: unknown, place: Place): Html {
  const piece = schema as Piece
  if (piece.type === 'object' || piece.type === 'params') return fieldsView(piece, place)
  return html`<p>${typeView(piece, place)}</p>${aboutView(piece)}${insideView(piece, place, 0)}`
}

/** Its description and limits. */
const aboutView = (piece: Piece): Html =>
  html`${
    piece.description ? html`<p>${piece.description}</p>` : ''
  }${limitsOf(piece).map((line) => html`<p class="quiet">${line}</p>`)}`

function insideView(piece: Piece, place: Place, depth: number): Html | '' {
  if (depth >= MAX_DEPTH) return ''
  if (piece.type === 'object') return fieldsView(piece, place, depth + 1)
  const items = piece.type === 'array' && (piece.items as Piece | undefined)
  return items && items.type !== 'ref' ? insideView(items, place, depth + 1) : ''
}

function typeView(piece: Piece, place: Place): Html {
  switch (piece.type) {
    case 'ref':
      return refView(String(piece.ref), place)
    case 'union':
      return html`one of ${separated(list(piece.refs).map((ref) => refView(ref, place)))}${
        piece.closed === true ? '' : ', or another'
      }`
    case 'array':
      return html`list of ${typeView((piece.items ?? {}) as Piece, place)}`
    case 'string':
      return html`${piece.format ? String(piece.format) : 'string'}`
    default:
      return html`${piece.type ?? 'unknown'}`
  }
}

const separated = (parts: readonly Html[]): Html =>
  html`${parts.map((part, index) => html`${index > 0 ? ', ' : ''}${part}`)}`

function refView(ref: string, { nsid, has }: Place): Html {
  const [base = '', name = 'main'] = ref.replace(/^lex:/, '').split('#')
  const target = base || nsid
  const label = base === '' ? `#${name}` : name === 'main' ? base : `${base}#${name}`
  if (!has(target)) return html`<code>${label}</code>`
  return html`<a href="${pagePath(target)}#${anchorOf(encodeURIComponent(name))}"><code>${label}</code></a>`
}

/** Limits in words, by the field of the lexicon that says them. */
const LIMITS: readonly (readonly [string, (value: string) => string])[] = [
  ['const', (value) => `always ${value}`],
  ['enum', (value) => `one of ${value}`],
  ['knownValues', (value) => `such as ${value}`],
  ['default', (value) => `default: ${value}`],
  ['minimum', (value) => `at least ${value}`],
  ['maximum', (value) => `at most ${value}`],
  ['minLength', (value) => `at least ${value} bytes or items`],
  ['maxLength', (value) => `at most ${value} bytes or items`],
  ['minGraphemes', (value) => `at least ${value} characters`],
  ['maxGraphemes', (value) => `at most ${value} characters`],
  ['accept', (value) => `of type ${value}`],
  ['maxSize', (value) => `at most ${value} bytes`],
]

function limitsOf(piece: Piece): string[] {
  const said = LIMITS.flatMap(([field, say]) =>
    piece[field] === undefined ? [] : [say(shown(piece[field]))],
  )
  return said.length === 0 ? [] : [said.join('; ')]
}

const shown = (value: unknown): string =>
  Array.isArray(value) ? value.map(shown).join(', ') : String(value)

const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [])
