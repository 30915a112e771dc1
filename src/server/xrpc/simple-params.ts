/**
 * Parameters that are right beyond doubt, read without the general validator, which makes errors with their stacks as it
 * looks, and takes ten times as long. Whatever is in doubt is left to it: it decides, and says what is wrong.
 */
import type { LexXrpcParameters } from '@atproto/lexicon'
import {
  isAtIdentifierString,
  isValidDid,
  isValidHandle,
  isValidNsid,
  isValidRecordKey,
  isValidTid,
} from '@atproto/syntax'

/** The values of each parameter, in their order; empty ones are left out. */
export type Query = ReadonlyMap<string, readonly string[]>

type Primitive = string | number | boolean
type Property = LexXrpcParameters['properties'][string]

/** Reads a value; undefined: there is doubt. */
type Reader = (value: string) => Primitive | undefined

interface Parameter {
  readonly name: string
  readonly read: Reader
  /** How many there may be, where it is a list. */
  readonly list: { readonly min: number; readonly max: number } | undefined
  readonly required: boolean
  readonly default: Primitive | undefined
}

/** The parameters of a method; null: there is something about them that only the general validator knows. */
type Plan = readonly Parameter[] | null

const plans = new WeakMap<LexXrpcParameters, Plan>()

/** The parameters, with defaults; undefined: there is doubt. */
export function simpleParams(
  schema: LexXrpcParameters,
  query: Query,
): Record<string, unknown> | undefined {
  let plan = plans.get(schema)
  if (plan === undefined) {
    plan = planOf(schema)
    plans.set(schema, plan)
  }
  return plan === null ? undefined : readAll(plan, query)
}

function readAll(plan: readonly Parameter[], query: Query): Record<string, unknown> | undefined {
  // A parameter may be called `constructor`.
  const params = Object.create(null) as Record<string, unknown>
  for (const parameter of plan) {
    const { name, list, read } = parameter
    const values = query.get(name)
    if (!values) {
      if (parameter.default !== undefined) params[name] = parameter.default
      else if (parameter.required) return undefined
      continue
    }
    const all = values.map(read)
    if (all.includes(undefined)) return undefined
    if (list) {
      if (all.length < list.min || all.length > list.max) return undefined
      params[name] = all
    } else {
      if (all.length > 1) return undefined
      params[name] = all[0]
    }
  }
  return params
}

function planOf({ properties, required = [] }: LexXrpcParameters): Plan {
  const plan: Parameter[] = []
  for (const [name, property] of Object.entries(properties)) {
    const isList = property.type === 'array'
    const read = readerOf(isList ? property.items : property)
    if (!read || (isList && !hasOnly(property, ['items', 'minLength', 'maxLength']))) return null
    plan.push({
      name,
      read,
      list: isList
        ? { min: property.minLength ?? 0, max: property.maxLength ?? Number.POSITIVE_INFINITY }
        : undefined,
      required: required.includes(name),
      default: 'default' in property ? property.default : undefined,
    })
  }
  return plan
}

/** Whether a schema says nothing else that matters. */
const hasOnly = (property: object, known: readonly string[]): boolean =>
  Object.keys(property).every((key) => ['type', 'description', ...known].includes(key))

function readerOf(property: Property): Reader | undefined {
  switch (property.type) {
    case 'boolean':
      if (!hasOnly(property, ['default'])) return undefined
      return (value) => (value === 'true' ? true : value === 'false' ? false : undefined)
    case 'integer': {
      if (!hasOnly(property, ['default', 'minimum', 'maximum'])) return undefined
      const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = property
      return (value) => {
        const number = /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN
        return number >= minimum && number <= maximum ? number : undefined
      }
    }
    case 'string': {
      if (!hasOnly(property, ['default', 'format', 'knownValues'])) return undefined
      const { format } = property
      if (format === undefined) return (value) => value
      const isValid = FORMATS[format]
      return isValid && ((value) => (isValid(value) ? value : undefined))
    }
    default:
      return undefined
  }
}

/** A CID of this protocol as text: version 1, raw or DAG-CBOR, SHA-256. */
const CID = /^baf[yk]rei[a-h][a-z2-7]{50}[aeimquy4]$/

const FORMATS: Readonly<Record<string, ((value: string) => boolean) | undefined>> = {
  'at-identifier': isAtIdentifierString,
  did: isValidDid,
  handle: isValidHandle,
  nsid: isValidNsid,
  'record-key': isValidRecordKey,
  tid: isValidTid,
  cid: (value) => CID.test(value),
}
