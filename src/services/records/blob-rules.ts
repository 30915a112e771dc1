/** Finds the blobs in a record and checks them against the limits that its lexicon sets. */
import { isPlainObject } from '@atproto/lex-data'
import { BlobRef, type Lexicons, type LexUserType } from '@atproto/lexicon'
import type { BlobRow } from '../../storage/account/blobs.ts'

/** A blob breaks the rules that its lexicon has for that place. */
export class BlobRuleError extends Error {
  override name = 'BlobRuleError'
}

/** Every blob in a value, in order of appearance. */
export function findBlobs(value: unknown): BlobRef[] {
  if (value instanceof BlobRef) return [value]
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return []
  return Object.values(value).flatMap(findBlobs)
}

/** Most legacy references that are upgraded in one write. */
const MAX_LEGACY = 100

/** CIDs of the blobs that a value refers to without their size, as references once did; at most a hundred. */
export function legacyBlobs(value: unknown): string[] {
  const cids = findBlobs(value)
    .filter(({ size }) => size < 0)
    .map(({ ref }) => ref.toString())
  return [...new Set(cids)].slice(0, MAX_LEGACY)
}

/** The value with references in today's form to those blobs that are known. */
export function upgradeBlobs(value: unknown, known: ReadonlyMap<string, BlobRow>): unknown {
  if (value instanceof BlobRef) {
    const blob = value.size < 0 ? known.get(value.ref.toString()) : undefined
    return blob ? new BlobRef(value.ref, value.mimeType, blob.size) : value
  }
  if (Array.isArray(value)) return value.map((item) => upgradeBlobs(item, known))
  if (!isPlainObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, upgradeBlobs(item, known)]),
  )
}

/**
 * Follows a value along its schema and checks `accept` and `maxSize` of each blob. Places that the
 * schema does not describe are not checked.
 *
 * @throws BlobRuleError
 */
export function checkBlobs(lexicons: Lexicons, def: LexUserType | undefined, value: unknown): void {
  visit(lexicons, def as Schema | undefined, value, 'Record')
}

/** The parts of a schema that lead to blobs. */
interface Schema {
  type: string
  record?: Schema
  properties?: Record<string, Schema>
  items?: Schema
  ref?: string
  refs?: string[]
  accept?: string[]
  maxSize?: number
}

function visit(lexicons: Lexicons, schema: Schema | undefined, value: unknown, path: string): void {
  if (!schema || value === null || typeof value !== 'object') return
  if (schema.type === 'blob' && value instanceof BlobRef) checkBlob(schema, value, path)
  for (const [place, next, child] of steps(lexicons, schema, value)) {
    visit(lexicons, next, child, `${path}${place}`)
  }
}

/** The schemas and values one step further inside, with where they are. */
function steps(
  lexicons: Lexicons,
  schema: Schema,
  value: object,
): [place: string, schema: Schema | undefined, value: unknown][] {
  switch (schema.type) {
    case 'record':
      return [['', schema.record, value]]
    case 'object':
      return Object.entries(schema.properties ?? {}).map(([name, property]) => [
        `/${name}`,
        property,
        (value as Record<string, unknown>)[name],
      ])
    case 'array':
      return Array.isArray(value)
        ? value.map((item, index) => [`/${index}`, schema.items, item])
        : []
    case 'ref':
      return [['', definition(lexicons, schema.ref), value]]
    case 'union': {
      const { $type } = value as { $type?: unknown }
      const ref = schema.refs?.find((candidate) => typeName(candidate) === $type)
      return [['', definition(lexicons, ref), value]]
    }
    default:
      return []
  }
}

function checkBlob({ accept, maxSize }: Schema, blob: BlobRef, path: string): void {
  if (maxSize !== undefined && blob.size > maxSize) {
    throw new BlobRuleError(`${path} is too large: ${blob.size} bytes, at most ${maxSize}`)
  }
  if (accept && !accept.some((pattern) => matchesMime(pattern, blob.mimeType))) {
    throw new BlobRuleError(
      `${path} has type ${blob.mimeType}, wanted one of: ${accept.join(', ')}`,
    )
  }
}

function matchesMime(pattern: string, type: string): boolean {
  if (pattern === '*/*') return true
  return pattern.endsWith('/*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern
}

const definition = (lexicons: Lexicons, ref: string | undefined): Schema | undefined =>
  ref === undefined ? undefined : (lexicons.getDef(ref) as Schema | undefined)

/** `lex:app.bsky.embed.images#main` → `app.bsky.embed.images`, as `$type` has it. */
const typeName = (ref: string): string => ref.replace(/^lex:/, '').replace(/#main$/, '')
