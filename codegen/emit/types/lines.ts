/** Long type expressions in lines of eighty columns, the way prettier does it. */
import type { TypeExpression } from './expressions.ts'

const WIDTH = 80

/** `start`, such as `name?:` or `export type Name =`, and a type after it; `indent` is that of its line. */
export function typed(start: string, type: TypeExpression, indent = ''): string {
  const { isArray, members, isNullable } = type
  const deeper = `${indent}  `
  const needsBrackets = isArray && (members.length > 1 || isComposed(members[0]))
  if (isArray) {
    const suffix = isNullable ? '[] | null' : '[]'
    const line = members.join(' | ')
    const one = `${indent}${start} ${needsBrackets ? `(${line})` : line}${suffix}`
    if (fits(one) || members.length === 1) return one
    return `${indent}${start} (\n${inLines(members, deeper)}\n${indent})${suffix}`
  }
  const all = isNullable ? [...members, 'null'] : members
  const one = `${indent}${start} ${all.join(' | ')}`
  if (fits(one) || all.length === 1) return one
  return `${indent}${start}\n${inLines(all, deeper)}`
}

/** A union in one line of its own, or each member in one. */
function inLines(members: readonly string[], indent: string): string {
  const line = `${indent}${members.join(' | ')}`
  return fits(line) ? line : members.map((member) => `${indent}| ${member}`).join('\n')
}

/** `  return call(a, b)`, in one line or in one for each argument. */
export function returned(call: string, args: readonly string[]): string {
  const line = `  return ${call}(${args.join(', ')})`
  if (fits(line)) return line
  return `  return ${call}(\n${args.map((arg) => `    ${arg},\n`).join('')}  )`
}

/** `export const name =` and a value, in one line or two. */
export function assigned(start: string, value: string): string {
  const line = `${start} ${value}`
  return fits(line) ? line : `${start}\n  ${value}`
}

/** `import { a, b } from 'x'` and the like, in one line or in one for each name. */
export function listed(start: string, names: readonly string[], end: string): string {
  const line = `${start} { ${names.join(', ')} }${end}`
  if (fits(line)) return line
  return `${start} {\n${names.map((name) => `  ${name},\n`).join('')}}${end}`
}

const fits = (line: string): boolean => line.length <= WIDTH

/** Whether a member would mean something else with `[]` behind it. */
const isComposed = (member: string | undefined): boolean => / [&|] /.test(member ?? '')
