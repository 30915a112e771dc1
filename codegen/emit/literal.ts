/** JSON values as TypeScript literals in this project's formatting. */
import { quote } from './quote.ts'

const WIDTH = 100
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/

/** Prints `value`; `indent` is the indentation of the line that it starts on. */
export function printLiteral(value: unknown, indent = ''): string {
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'number') return printNumber(value)
  if (typeof value !== 'object' || value === null) return String(value)
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  const inner = `${indent}  `
  const items = Array.isArray(value)
    ? value.map((item) => printLiteral(item, inner))
    : Object.entries(value).map(([key, item]) => `${printKey(key)}: ${printLiteral(item, inner)}`)
  if (items.length === 0) return `${open}${close}`
  const space = Array.isArray(value) ? '' : ' '
  const line = `${open}${space}${items.join(', ')}${space}${close}`
  if (!line.includes('\n') && indent.length + line.length < WIDTH - 20) return line
  return `${open}\n${items.map((item) => `${inner}${item},\n`).join('')}${indent}${close}`
}

/** JSON has numbers that are too large for `number`: `Infinity` would be a variable, and no literal. */
const printNumber = (value: number): string =>
  Number.isFinite(value) ? String(value) : value > 0 ? '1e999' : '-1e999'

/** `__proto__` as a plain key would set the prototype. */
const printKey = (key: string): string =>
  key === '__proto__' ? "['__proto__']" : IDENTIFIER.test(key) ? key : quote(key)
