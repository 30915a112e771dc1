/**
 * The lexicons that this server validates with, and what generated files of types need of it. The generated tree says once,
 * before the first request, what the schemas are.
 */
import {
  type LexiconDoc,
  type Lexicons,
  ValidationError,
  type ValidationResult,
} from '@atproto/lexicon'
import { is$typed, maybe$typed } from './lexicon-types.ts'
import { RecordLexicons } from './record-lexicons.ts'

export {
  type $Type,
  type $Typed,
  type $TypedObject,
  is$typed,
  maybe$typed,
  type OmitKey,
  type Un$Typed,
} from './lexicon-types.ts'

/**
 * Schemas by NSID, each made anew at every call: nothing is built before it is asked for, and `Lexicons` changes the
 * documents that it is given.
 */
export type Schemas = Readonly<Record<string, () => LexiconDoc>>

let current: Schemas = {}
let built: Lexicons | undefined

/** Says what the schemas are: the entry of the program does, and the set-up of tests. */
export function useSchemas(schemas: Schemas): void {
  current = schemas
  built = undefined
}

/** The part of a lexicon of the tree that the server needs when it runs; undefined where it needs none. */
export const schemaOf = (nsid: string): LexiconDoc | undefined =>
  Object.hasOwn(current, nsid) ? current[nsid]?.() : undefined

/** Built when first asked for. */
export function lexicons(): Lexicons {
  built ??= new RecordLexicons(Object.values(current).map((make) => make()))
  return built
}

/** Validates an object against a def: what the `validate…` functions of the type files call. */
export function validate<T extends { $type: string }>(
  v: unknown,
  id: string,
  hash: string,
  requiredType: true,
): ValidationResult<T>
export function validate<T extends { $type?: string }>(
  v: unknown,
  id: string,
  hash: string,
  requiredType?: false,
): ValidationResult<T>
export function validate(
  v: unknown,
  id: string,
  hash: string,
  requiredType?: boolean,
): ValidationResult {
  const type = hash === 'main' ? id : `${id}#${hash}`
  if (!(requiredType ? is$typed : maybe$typed)(v, id, hash)) {
    return fail(`Must be an object with "${type}" $type property`)
  }
  if (!lexicons().getDef(type)) {
    return fail(`This server has no run-time schema for ${type}: no record or local method uses it`)
  }
  try {
    return lexicons().validate(type, v)
  } catch (error) {
    // What the library says of a `$type` in a union that is no name, such as `#images`, has no class.
    if (!(error instanceof Error) || error.constructor !== Error) throw error
    return fail(`A $type is no name: ${error.message}`)
  }
}

const fail = (message: string): ValidationResult => ({
  success: false,
  error: new ValidationError(message),
})
