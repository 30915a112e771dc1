/**
 * JSON in the form that this project's formatter gives it (Biome: two spaces, 100 columns): lists of plain values on
 * one line where they fit. What is written into a lexicon by a command needs no formatting after it.
 */

const WIDTH = 100
const STEP = '  '

/** The text of a value that begins at a column and whose further lines are indented. */
export function lexiconText(value: unknown, indent = '', column = indent.length): string {
  if (Array.isArray(value)) return arrayText(value, indent, column)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).filter(([, part]) => part !== undefined)
  if (fields.length === 0) return '{}'
  const inner = indent + STEP
  const lines = fields.map(([key, part]) => {
    const name = `${inner}${JSON.stringify(key)}: `
    return name + lexiconText(part, inner, name.length)
  })
  return `{\n${lines.join(',\n')}\n${indent}}`
}

function arrayText(items: readonly unknown[], indent: string, column: number): string {
  const isPlain = items.every((item) => typeof item !== 'object' || item === null)
  const line = `[${items.map((item) => JSON.stringify(item)).join(', ')}]`
  // A comma may follow.
  if (isPlain && column + line.length < WIDTH) return line
  const inner = indent + STEP
  const lines = items.map((item) => inner + lexiconText(item, inner))
  return `[\n${lines.join(',\n')}\n${indent}]`
}
