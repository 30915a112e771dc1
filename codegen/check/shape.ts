/**
 * Walks a lexicon and complains about what a person gets wrong: types, formats, required lists, fields.
 * Whatever else the official parser objects to is added by `lexicon.ts`.
 */
import type { JsonPath } from '../diagnostics.ts'
import { closest, didYouMean } from '../did-you-mean.ts'
import { ALLOWED, FIELDS, KEY_KINDS, MAIN_ONLY, type Place, STRING_FORMATS } from './grammar.ts'

/** A complaint at a place in a lexicon. */
export interface Finding {
  at: JsonPath
  message: string
  severity?: 'warning'
}

type Json = Record<string, unknown>

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Complaints about the defs of a lexicon. */
export function checkShape(doc: Json): Finding[] {
  const found: Finding[] = []
  if (!isObject(doc.defs)) return found
  for (const [name, def] of Object.entries(doc.defs)) {
    const at = ['defs', name]
    checkNode(def, 'def', at, found)
    const type = isObject(def) ? def.type : undefined
    if (name !== 'main' && MAIN_ONLY.some((only) => only === type)) {
      found.push({
        at: [...at, 'type'],
        message: `a ${type} has to be the "main" definition, this one is called "${name}"`,
      })
    }
  }
  return found
}

function checkNode(node: unknown, place: Place, at: JsonPath, found: Finding[]): void {
  if (!isObject(node)) {
    found.push({ at, message: 'a definition with a "type" belongs here' })
    return
  }
  const { type } = node
  if (!checkType(type, place, at, found)) return
  checkFields(node, type, at, found)
  switch (type) {
    case 'object':
    case 'params':
      checkProperties(node, type === 'params' ? 'parameter' : 'property', at, found)
      break
    case 'array':
      checkNode(
        node.items,
        place === 'parameter' ? 'parameterItem' : 'item',
        [...at, 'items'],
        found,
      )
      break
    case 'string':
      checkFormat(node.format, at, found)
      break
    case 'record':
      checkKey(node.key, at, found)
      checkNode(node.record, 'record', [...at, 'record'], found)
      break
    case 'query':
    case 'procedure':
    case 'subscription':
      checkMethod(node, at, found)
      break
  }
}

/** Whether `type` may stand at this place; complains when not. */
function checkType(type: unknown, place: Place, at: JsonPath, found: Finding[]): type is string {
  const allowed: readonly string[] = ALLOWED[place]
  if (typeof type !== 'string') {
    found.push({ at, message: `"type" is missing: one of ${allowed.join(', ')}` })
    return false
  }
  if (allowed.includes(type)) return true
  const known =
    Object.hasOwn(FIELDS, type) ||
    Object.values(ALLOWED).some((types) => types.some((t) => t === type))
  found.push({
    at: [...at, 'type'],
    message: known
      ? `type "${type}" is not allowed here, only ${allowed.join(', ')}`
      : `unknown type "${type}"${didYouMean(type, allowed) || `: one of ${allowed.join(', ')}`}`,
  })
  return false
}

/** Unknown fields are legal, but one that almost has the name of a known field is a slip. */
function checkFields(node: Json, type: string, at: JsonPath, found: Finding[]): void {
  const fields = ['type', 'description', ...(FIELDS[type] ?? [])]
  for (const field of Object.keys(node)) {
    if (fields.includes(field) || type === 'permission') continue
    const meant = closest(field, fields)
    if (meant === undefined) continue
    const message = `unknown field "${field}" has no effect - did you mean "${meant}"?`
    found.push({ at: [...at, field], message, severity: 'warning' })
  }
}

function checkProperties(node: Json, place: Place, at: JsonPath, found: Finding[]): void {
  const properties = isObject(node.properties) ? node.properties : {}
  for (const [name, property] of Object.entries(properties)) {
    checkNode(property, place, [...at, 'properties', name], found)
    checkFlags(property, [...at, 'properties', name], found)
  }
  for (const list of ['required', 'nullable']) {
    const names = node[list]
    for (const [index, name] of Array.isArray(names) ? names.entries() : []) {
      if (typeof name !== 'string' || Object.hasOwn(properties, name)) continue
      const hint = didYouMean(name, Object.keys(properties))
      const message = `${list} property "${name}" is not among the properties${hint}`
      found.push({ at: [...at, list, index], message })
    }
  }
}

/** `required: true` and `nullable: true` are legal, and do nothing. */
function checkFlags(property: unknown, at: JsonPath, found: Finding[]): void {
  for (const list of ['required', 'nullable']) {
    if (!isObject(property) || typeof property[list] !== 'boolean') continue
    const message = `"${list}" has no effect here: it is a list of names beside "properties"`
    found.push({ at: [...at, list], message, severity: 'warning' })
  }
}

function checkFormat(format: unknown, at: JsonPath, found: Finding[]): void {
  if (typeof format !== 'string' || STRING_FORMATS.some((known) => known === format)) return
  const hint = didYouMean(format, STRING_FORMATS) || `: one of ${STRING_FORMATS.join(', ')}`
  found.push({ at: [...at, 'format'], message: `unknown string format "${format}"${hint}` })
}

/** Hosts write no record of a collection whose kind of key they do not know. */
function checkKey(key: unknown, at: JsonPath, found: Finding[]): void {
  if (typeof key !== 'string' || KEY_KINDS.includes(key) || /^literal:./.test(key)) return
  const hint = didYouMean(key, KEY_KINDS) || `: one of ${KEY_KINDS.join(', ')}, literal:<key>`
  const message = `unknown kind of record key "${key}", so that no record can be written${hint}`
  found.push({ at: [...at, 'key'], message, severity: 'warning' })
}

function checkMethod(node: Json, at: JsonPath, found: Finding[]): void {
  if (node.parameters !== undefined) {
    checkNode(node.parameters, 'parameters', [...at, 'parameters'], found)
  }
  for (const part of ['input', 'output', 'message']) {
    const body = node[part]
    if (!isObject(body) || body.schema === undefined) continue
    const place = part === 'message' ? 'message' : 'body'
    checkNode(body.schema, place, [...at, part, 'schema'], found)
  }
  if (node.type === 'query' && node.input !== undefined) {
    found.push({ at: [...at, 'input'], message: 'a query has no input; only a procedure does' })
  }
}
