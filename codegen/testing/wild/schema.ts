/** Schemas in few words, for samples of lexicons. */
import { type Files, lexicon } from '../project.ts'

type Schema = Record<string, unknown>

export const string = (more: Schema = {}): Schema => ({ type: 'string', ...more })
export const text = (maxGraphemes: number): Schema =>
  string({ maxGraphemes, maxLength: maxGraphemes * 10 })
export const format = (name: string): Schema => string({ format: name })
export const known = (...knownValues: string[]): Schema => string({ knownValues })
export const integer = (more: Schema = {}): Schema => ({ type: 'integer', ...more })
export const boolean = (more: Schema = {}): Schema => ({ type: 'boolean', ...more })
export const blob = (...accept: string[]): Schema => ({ type: 'blob', accept, maxSize: 1_000_000 })
export const array = (items: Schema, more: Schema = {}): Schema => ({
  type: 'array',
  items,
  ...more,
})
export const ref = (to: string): Schema => ({ type: 'ref', ref: to })
export const union = (...refs: string[]): Schema => ({ type: 'union', refs })
export const closed = (...refs: string[]): Schema => ({ type: 'union', refs, closed: true })
export const date = format('datetime')
export const unknown: Schema = { type: 'unknown' }

/** An object; names that end in `!` are required, those that end in `0` may be null. */
export function object(fields: Schema, more: Schema = {}): Schema {
  const bare = (name: string): string => name.replace(/[!0]+$/, '')
  const marked = (mark: string): string[] =>
    Object.keys(fields)
      .filter((name) => name.slice(bare(name).length).includes(mark))
      .map(bare)
  const properties = Object.fromEntries(
    Object.entries(fields).map(([name, schema]) => [bare(name), schema]),
  )
  const nullable = marked('0')
  return {
    type: 'object',
    required: marked('!'),
    ...(nullable.length > 0 && { nullable }),
    properties,
    ...more,
  }
}

export const record = (id: string, fields: Schema, key = 'tid', defs: Schema = {}): Files =>
  lexicon(id, { main: { type: 'record', key, record: object(fields) }, ...defs })

const params = (fields: Schema): Schema => {
  const { nullable: _, ...all } = object(fields)
  return { ...all, type: 'params' }
}

export const json = (schema: Schema): Schema => ({ encoding: 'application/json', schema })

export const query = (id: string, fields: Schema, output: Schema, defs: Schema = {}): Files =>
  lexicon(id, { main: { type: 'query', parameters: params(fields), output }, ...defs })

export const procedure = (id: string, main: Schema, defs: Schema = {}): Files =>
  lexicon(id, { main: { type: 'procedure', ...main }, ...defs })

export const subscription = (id: string, fields: Schema, main: Schema, defs: Schema): Files =>
  lexicon(id, { main: { type: 'subscription', parameters: params(fields), ...main }, ...defs })
