/**
 * Objects that are written out where they are used, in a property or as the items of a list. The Lexicon specification
 * has them and validation knows them; the library's parser of lexicons wants a definition with a name for each.
 */

type Json = Record<string, unknown>

const isMap = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A copy of a lexicon in which such objects are definitions and are referred to; for the parser. */
export function withoutInlineObjects(doc: object): object {
  const { defs } = doc as { defs?: unknown }
  if (!isMap(defs)) return doc
  const named: Json = {}
  const name = (schema: Json): Json => {
    // No definition has a space in its name.
    const id = `inline ${Object.keys(named).length}`
    named[id] = schema
    return { type: 'ref', ref: `#${id}` }
  }
  const own = mapValues(defs, (def) => rewrite(def, name))
  return { ...doc, defs: { ...own, ...named } }
}

/** `name` is given each inline object, and gives what takes its place. */
function rewrite(schema: unknown, name: (schema: Json) => Json): unknown {
  if (!isMap(schema)) return schema
  const inside = (part: unknown): unknown => {
    const inner = rewrite(part, name)
    return isMap(inner) && inner.type === 'object' ? name(inner) : inner
  }
  const copy = { ...schema }
  for (const part of ['record', 'input', 'output', 'message', 'schema']) {
    if (isMap(copy[part])) copy[part] = rewrite(copy[part], name)
  }
  if (copy.type === 'object' && isMap(copy.properties)) {
    copy.properties = mapValues(copy.properties, inside)
  }
  if (copy.type === 'array') copy.items = inside(copy.items)
  return copy
}

const mapValues = (map: Json, change: (value: unknown) => unknown): Json =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]))
