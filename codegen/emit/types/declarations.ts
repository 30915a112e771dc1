/** Declarations of a file of types, each with the definition that it is from. */
import { escapeControls } from '../../escape-controls.ts'
import { commentLine, commentText, quote } from '../quote.ts'
import { expressionOf, type Scope, type TypeExpression } from './expressions.ts'
import { assigned, listed, returned, typed } from './lines.ts'

/** A statement of a file. Only aliases follow aliases without an empty line, and constants constants. */
export interface Statement {
  text: string
  kind: 'alias' | 'constant' | 'block'
}

export interface ObjectSchema {
  description?: string
  required?: string[]
  nullable?: string[]
  properties?: Record<string, { description?: string; default?: unknown; type: string }>
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/

/** `export type Name = …` */
export const alias = (
  name: string,
  type: TypeExpression,
  origin: string,
  description?: string,
): Statement => ({
  text: `${comment(origin, description)}${typed(`export type ${name} =`, type)}`,
  kind: 'alias',
})

/** `export interface Name { … }`, of lines that are in place. */
export const interfaceOf = (
  name: string,
  lines: readonly string[],
  origin: string,
  description?: string,
): Statement => ({
  text: `${comment(origin, description)}export interface ${name} {${lines.length > 0 ? `\n${lines.join('\n')}\n` : ''}}`,
  kind: 'block',
})

/** The constant of a token: its full name. */
export const token = (
  name: string,
  def: string,
  origin: string,
  description?: string,
): Statement => ({
  text: `${comment(origin, description)}export const ${name} = \`\${id}#${def}\``,
  kind: 'constant',
})

/**
 * Properties as members of an interface. `$type` is left out: objects have it anyway, with its value. `filled` says
 * that whoever has the object finds defaults in it.
 */
export function properties(schema: ObjectSchema, scope: Scope, filled = true): string[] {
  return Object.entries(schema.properties ?? {})
    .filter(([name]) => name !== '$type')
    .map(([name, property]) => {
      const start = `${fieldName(name)}${isPresent(schema, name, filled) ? '' : '?'}:`
      const isNullable = schema.nullable?.includes(name) === true
      const line = typed(start, expressionOf(property, scope, isNullable), '  ')
      // References have their own comments, where they lead to.
      const isReference = property.type === 'ref' || property.type === 'union'
      return isReference ? line : `${description(property.description)}${line}`
    })
}

/** Parameters as members of an object type. */
export function parameters(schema: ObjectSchema, scope: Scope): string[] {
  return Object.entries(schema.properties ?? {}).map(([name, parameter]) => {
    const start = `${fieldName(name)}${isPresent(schema, name, true) ? '' : '?'}:`
    const line = typed(start, expressionOf(parameter, scope), '  ')
    return parameter.description ? `  /** ${commentLine(parameter.description)} */\n${line}` : line
  })
}

const isPresent = ({ required, properties = {} }: ObjectSchema, name: string, filled: boolean) =>
  required?.includes(name) === true || (filled && properties[name]?.default !== undefined)

/** The functions that tell whether something is of a type, and why not. */
export function guards(
  type: string,
  def: string,
  isTypeRequired: boolean,
  origin: string,
  parameter: string,
): Statement[] {
  const hash = `hash${type}`
  const from = comment(origin)
  const block = (text: string): Statement => ({ text, kind: 'block' })
  const validated = ['v', 'id', hash, ...(isTypeRequired ? ['true'] : [])]
  return [
    { text: assigned(`const ${hash} =`, quote(def)), kind: 'constant' },
    block(`${from}export function is${type}<${parameter}>(v: ${parameter}) {
${returned('is$typed', ['v', 'id', hash])}
}`),
    block(`${from}export function validate${type}<${parameter}>(v: ${parameter}) {
${returned(`validate<${type} & ${parameter}>`, validated)}
}`),
  ]
}

/** A record by its generic names. */
export const recordNames = (nsid: string): Statement => ({
  text: `/** From ${nsid}#main, by its generic names. */\n${listed(
    'export',
    ['type Main as Record', 'isMain as isRecord', 'validateMain as validateRecord'],
    '',
  )}`,
  kind: 'block',
})

/** A comment with a description, if there is one, and the definition that something is from. */
function comment(origin: string, text?: string): string {
  const from = `From ${commentLine(origin)}.`
  if (!text) return `/** ${from} */\n`
  return `/**\n${stars(text, '')}\n *\n * ${from}\n */\n`
}

function description(text: string | undefined): string {
  if (!text) return ''
  const safe = commentText(text)
  return safe.includes('\n') ? `  /**\n${stars(text, '  ')}\n   */\n` : `  /** ${safe} */\n`
}

const stars = (text: string, indent: string): string =>
  commentText(text)
    .split('\n')
    .map((line) => `${indent} * ${line}`.trimEnd())
    .join('\n')

const fieldName = (name: string): string => (IDENTIFIER.test(name) ? name : quote(name))

/** Nothing that no reader sees gets into a file. */
export const visible = (code: string): string =>
  /^[ -~\n]*$/.test(code) ? code : escapeControls(code, '\n')
