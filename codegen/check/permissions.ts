/**
 * Permission sets: hosts leave out silently what they do not take (atproto Permission spec, Permission Sets), so that a
 * slip shows when an app is refused. Here it shows before.
 */
import { isValidNsid } from '@atproto/syntax'
import type { JsonPath } from '../diagnostics.ts'
import { closest, didYouMean } from '../did-you-mean.ts'
import { isMethod } from '../methods.ts'
import type { DefIndex } from './references.ts'
import { type Finding, isObject } from './shape.ts'

const RESOURCES = ['repo', 'rpc']
/** What an app can ask for by itself, and no set can hold. */
const NOT_IN_SETS = ['blob', 'account', 'identity', 'include']
const ACTIONS = ['create', 'update', 'delete']

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  repo: ['type', 'resource', 'collection', 'action'],
  rpc: ['type', 'resource', 'lxm', 'aud', 'inheritAud'],
}

type Json = Record<string, unknown>

/** Complaints about the permissions in one lexicon; `index` has all lexicons of the tree. */
export function checkPermissions(doc: Json, nsid: string, index: DefIndex): Finding[] {
  const main = isObject(doc.defs) ? doc.defs.main : undefined
  if (!isObject(main) || !Array.isArray(main.permissions)) return []
  const found = main.permissions.flatMap((permission: unknown, number) =>
    isObject(permission)
      ? checkPermission(permission, ['defs', 'main', 'permissions', number], nsid, index)
      : [],
  )
  return typeof main.title === 'string' && main.title.trim() ? found : [untitled, ...found]
}

const untitled: Finding = {
  at: ['defs', 'main'],
  message: '"title" is missing: it is what people are asked to agree to',
  severity: 'warning',
}

function checkPermission(permission: Json, at: JsonPath, nsid: string, index: DefIndex): Finding[] {
  const { resource } = permission
  if (typeof resource !== 'string') return []
  if (!RESOURCES.includes(resource)) return [foreignResource(resource, [...at, 'resource'])]
  const names = resource === 'repo' ? 'collection' : 'lxm'
  return [
    ...slips(permission, FIELDS[resource] ?? [], at),
    ...checkNames(permission[names], names, at, nsid, index),
    ...(resource === 'repo' ? checkActions(permission.action, [...at, 'action']) : []),
    ...(resource === 'rpc' ? checkAudience(permission, at) : []),
  ]
}

function foreignResource(resource: string, at: JsonPath): Finding {
  if (NOT_IN_SETS.includes(resource)) {
    const message = `hosts leave out "${resource}": a permission set holds only ${RESOURCES.join(' and ')}`
    return { at, message, severity: 'warning' }
  }
  const hint = didYouMean(resource, RESOURCES) || `: one of ${RESOURCES.join(', ')}`
  return { at, message: `unknown resource "${resource}"${hint}` }
}

/** Fields that almost have the name of one that counts. */
const slips = (permission: Json, fields: readonly string[], at: JsonPath): Finding[] =>
  Object.keys(permission).flatMap((field): Finding[] => {
    const meant = fields.includes(field) ? undefined : closest(field, fields)
    if (meant === undefined) return []
    const message = `unknown field "${field}" has no effect - did you mean "${meant}"?`
    return [{ at: [...at, field], message, severity: 'warning' }]
  })

function checkNames(
  names: unknown,
  field: 'collection' | 'lxm',
  at: JsonPath,
  nsid: string,
  index: DefIndex,
): Finding[] {
  if (!Array.isArray(names) || names.length === 0) {
    const what = field === 'collection' ? 'collections' : 'methods'
    return [{ at, message: `"${field}" is missing: a list of ${what}` }]
  }
  return names.flatMap((name: unknown, number): Finding[] => {
    const here = [...at, field, number]
    const message = problemWith(name)
    if (message !== undefined) return [{ at: here, message }]
    const foreign = outsideOf(nsid, String(name))
    if (foreign !== undefined) return [{ at: here, message: foreign, severity: 'warning' }]
    const other = inTree(String(name), field, index)
    return other ? [{ at: here, ...other }] : []
  })
}

function problemWith(name: unknown): string | undefined {
  if (name === '*') return '"*" is not allowed in a permission set: name each'
  if (typeof name === 'string' && isValidNsid(name)) return undefined
  return `${JSON.stringify(name)} is not an NSID`
}

/** A set may name what is in its own namespace. Hosts leave the whole permission out, not the name alone. */
function outsideOf(set: string, name: string): string | undefined {
  const namespace = set.slice(0, set.lastIndexOf('.') + 1)
  if (name.startsWith(namespace)) return undefined
  return `"${name}" is not in the namespace of this set, ${namespace}*, and hosts leave this permission out, with all that it names`
}

/** What the tree says of a name. What is not in the tree may still exist. */
function inTree(
  name: string,
  field: 'collection' | 'lxm',
  index: DefIndex,
): Omit<Finding, 'at'> | undefined {
  const fits = (type: string | undefined): boolean =>
    field === 'collection' ? type === 'record' : isMethod({ type: type ?? '' })
  if (!index.has(name)) {
    const candidates = [...index].filter(([, defs]) => fits(defs?.get('main')))
    const hint = didYouMean(
      name,
      candidates.map(([nsid]) => nsid),
    )
    return { severity: 'warning', message: `"${name}" is not in lexicons/${hint}` }
  }
  const defs = index.get(name)
  if (!defs || fits(defs.get('main'))) return undefined
  const what = field === 'collection' ? 'no collection' : 'no method'
  const type = defs.get('main')
  return { message: `"${name}" is ${what}, but of ${type ? `type ${type}` : 'definitions only'}` }
}

function checkActions(actions: unknown, at: JsonPath): Finding[] {
  if (actions === undefined) return []
  if (!Array.isArray(actions) || actions.length === 0) {
    return [{ at, message: `a list of actions belongs here: ${ACTIONS.join(', ')}` }]
  }
  return actions.flatMap((action: unknown, number): Finding[] => {
    if (typeof action === 'string' && ACTIONS.includes(action)) return []
    const hint = didYouMean(String(action), ACTIONS) || `: one of ${ACTIONS.join(', ')}`
    return [{ at: [...at, number], message: `unknown action ${JSON.stringify(action)}${hint}` }]
  })
}

/** The service is everyone's, or the one that an app names with the set. */
function checkAudience({ aud, inheritAud }: Json, at: JsonPath): Finding[] {
  if (aud === '*' || (aud === undefined && inheritAud === true)) return []
  if (aud === undefined) return [{ at, message: '"aud": "*" or "inheritAud": true is missing' }]
  const message = `"aud" is "*" in a permission set, or left out for "inheritAud"`
  return [{ at: [...at, 'aud'], message }]
}
