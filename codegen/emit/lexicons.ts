/** `lexicons.ts`: what the functions of the type files validate with; built when first asked for. */
import { tsBanner } from '../banner.ts'
import { GENERATED, LEXICONS } from '../layout.ts'
import type { PlannedFile } from '../write.ts'

const CODE = `import { type Lexicons, ValidationError, type ValidationResult } from '@atproto/lexicon'
import { RecordLexicons } from '../kernel/record-lexicons.ts'
import { schemas } from './schemas.ts'
import { is$typed, maybe$typed } from './util.ts'

let built: Lexicons | undefined

/** The lexicons that this server validates with; built when first asked for. */
export function lexicons(): Lexicons {
  built ??= new RecordLexicons(Object.values(schemas).map((make) => make()))
  return built
}

/** Validates an object against a def: what the \`validate…\` functions of the type files call. */
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
  const type = hash === 'main' ? id : \`\${id}#\${hash}\`
  if (!(requiredType ? is$typed : maybe$typed)(v, id, hash)) {
    return fail(\`Must be an object with "\${type}" $type property\`)
  }
  if (!lexicons().getDef(type)) {
    return fail(\`This server has no run-time schema for \${type}: no record or local method uses it\`)
  }
  try {
    return lexicons().validate(type, v)
  } catch (error) {
    // What the library says of a \`$type\` in a union that is no name, such as \`#images\`, has no class.
    if (!(error instanceof Error) || error.constructor !== Error) throw error
    return fail(\`A $type is no name: \${error.message}\`)
  }
}

const fail = (message: string): ValidationResult => ({
  success: false,
  error: new ValidationError(message),
})
`

export const emitLexicons = (): PlannedFile => ({
  path: `${GENERATED}/lexicons.ts`,
  code: tsBanner(`${LEXICONS}/`) + CODE,
})
