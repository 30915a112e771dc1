/** What the parts of a lexicon refer to. */

/** A definition by its full name: `com.example.defs` and `view`. */
export interface Reference {
  nsid: string
  name: string
}

/** The full name of what `ref` means inside a lexicon: `#view`, `com.example.defs`, `com.example.defs#view`. */
export function readRef(ref: string, within: string): Reference {
  const [nsid, name = 'main'] = ref.replace(/^lex:/, '').split('#')
  return { nsid: nsid || within, name }
}

/** Every reference in a piece of schema, at any depth; nothing is looked up. */
export function* referencesIn(schema: unknown, within: string): Generator<Reference> {
  if (typeof schema !== 'object' || schema === null) return
  const { type, ref, refs } = schema as { type?: unknown; ref?: unknown; refs?: unknown }
  if (type === 'ref' && typeof ref === 'string') yield readRef(ref, within)
  else if (type === 'union' && Array.isArray(refs)) {
    for (const one of refs) if (typeof one === 'string') yield readRef(one, within)
  } else {
    for (const part of Object.values(schema)) yield* referencesIn(part, within)
  }
}
