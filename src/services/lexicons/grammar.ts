/**
 * The grammar of names in lexicons. One definition for all who read lexicons of others: the generator, `lexicons:pull`,
 * and what is resolved while the server runs. Names become identifiers, paths and types elsewhere, so that what is not
 * a name by this grammar goes no further.
 *
 * The Lexicon specification gives no alphabet for names. This one has what all published lexicons use, and what tools
 * of other languages take.
 */
import { isValidNsid } from '@atproto/syntax'

const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,255}$/
const FIELD = /^[A-Za-z_$][A-Za-z0-9_$-]{0,255}$/

/** Media types as RFC 6838 has them, with `*` for any, parameters, and several of them with commas between. */
const ENCODING = (() => {
  const name = '[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}'
  const type = `(?:${name}|\\*)/(?:${name}|\\*)(?: *; *${name}=${name})*`
  return new RegExp(`^${type}(?: *, *${type})*$`)
})()

/** The patterns as regular expressions, for what checks by itself, such as editors. */
export const PATTERNS = { name: NAME.source, field: FIELD.source, encoding: ENCODING.source }

/** Names of definitions and of errors: ASCII letters, digits, `_` and `-`, a letter first. */
export const isName = (text: string): boolean => NAME.test(text)

/** Names of properties and parameters: `_` and `$` may stand anywhere. `__proto__` is no name. */
export const isFieldName = (text: string): boolean => FIELD.test(text) && text !== '__proto__'

/** `com.example.defs`, `com.example.defs#view`, `#view`; also as URIs, with `lex:`. */
export function isReference(text: string): boolean {
  const [nsid = '', name, ...more] = text.replace(/^lex:/, '').split('#')
  if (more.length > 0 || (name !== undefined && !isName(name))) return false
  return nsid === '' ? name !== undefined : isValidNsid(nsid)
}

export const isEncoding = (text: string): boolean => ENCODING.test(text)

/** Something in a lexicon that is no name; `at` leads there from the top. */
export interface NameProblem {
  at: (string | number)[]
  message: string
}

/** Everything in a lexicon that should be a name and is none; whatever else is wrong with it. */
export function* nameProblems(doc: object): Generator<NameProblem> {
  const { defs } = doc as { defs?: unknown }
  if (!isMap(defs)) return
  for (const [name, def] of Object.entries(defs)) {
    const at = ['defs', name]
    if (!isName(name)) yield problem(at, name, 'is no name for a definition', NAME_RULE)
    yield* inSchema(def, at)
  }
}

const NAME_RULE = 'letters, digits, "_" and "-", a letter first'

function* inSchema(node: unknown, at: NameProblem['at']): Generator<NameProblem> {
  if (Array.isArray(node)) {
    for (const [index, item] of node.entries()) {
      if (typeof item === 'string') yield* listed(item, [...at, index])
      else yield* inSchema(item, [...at, index])
    }
    return
  }
  if (!isMap(node)) return
  for (const [key, value] of Object.entries(node)) {
    const here = [...at, key]
    switch (key) {
      case 'properties':
        yield* inProperties(value, here)
        break
      case 'errors':
        yield* inErrors(value, here)
        break
      case 'ref':
        yield* reference(value, here)
        break
      case 'refs':
        for (const [index, ref] of Array.isArray(value) ? value.entries() : []) {
          yield* reference(ref, [...here, index])
        }
        break
      case 'encoding':
        if (typeof value === 'string' && !isEncoding(value)) {
          yield problem(here, value, 'is no media type', 'such as "application/json"')
        }
        break
      default:
        yield* inSchema(value, here)
    }
  }
}

/** What is below `properties` goes by names, which are not to be taken for fields of the language. */
function* inProperties(properties: unknown, at: NameProblem['at']): Generator<NameProblem> {
  if (!isMap(properties)) return
  for (const [name, property] of Object.entries(properties)) {
    const here = [...at, name]
    if (!isFieldName(name)) {
      const rule = 'letters, digits, "_", "-" and "$", no digit and no "-" first'
      yield problem(here, name, 'is no name for a field', rule)
    }
    yield* inSchema(property, here)
  }
}

function* inErrors(errors: unknown, at: NameProblem['at']): Generator<NameProblem> {
  for (const [index, error] of Array.isArray(errors) ? errors.entries() : []) {
    const name: unknown = isMap(error) ? error.name : undefined
    if (typeof name !== 'string' || isName(name)) continue
    yield problem([...at, index, 'name'], name, 'is no name for an error', NAME_RULE)
  }
}

/** `@atproto/lexicon` takes what begins with `#` for a reference in every list, and throws when it is none. */
function* listed(text: string, at: NameProblem['at']): Generator<NameProblem> {
  if (text.startsWith('#') && text.includes('#', 1)) yield* reference(text, at)
}

function* reference(ref: unknown, at: NameProblem['at']): Generator<NameProblem> {
  if (typeof ref !== 'string' || isReference(ref)) return
  yield problem(at, ref, 'is no reference', 'an NSID, "#name", or both')
}

/** Names can be as long as the lexicon, and messages are shown. */
const problem = (at: NameProblem['at'], text: string, what: string, rule: string): NameProblem => ({
  at,
  message: `"${text.length > 60 ? `${text.slice(0, 60)}…` : text}" ${what}: ${rule}`,
})

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
