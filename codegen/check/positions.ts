/** Places in the text of a JSON file: of syntax errors, of doubled keys, and of values by their path. */
import {
  findNodeAtLocation,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser'
import type { JsonPath } from '../diagnostics.ts'

/** A complaint at a place in a text. */
export interface Placed {
  line: number
  column: number
  message: string
}

/** Line and column of an offset, counting from 1; columns count UTF-16 units, as editors do. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  const lineStart = before.lastIndexOf('\n') + 1
  return { line: before.split('\n').length, column: offset - lineStart + 1 }
}

/** The first thing that keeps `text` from being JSON; later ones mostly follow from it. */
export function syntaxError(text: string): Placed | undefined {
  const errors: ParseError[] = []
  parseTree(text, errors, { disallowComments: true })
  const [first] = errors
  return (
    first && {
      ...placeOf(text, first.offset),
      message: `invalid JSON: ${SYNTAX[printParseErrorCode(first.error)] ?? 'this makes no sense here'}`,
    }
  )
}

/** The first place in a text that is in more than `most` objects and lists: what walks through JSON has a stack. */
export function tooDeep(text: string, most: number): Placed | undefined {
  let depth = 0
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    if (depth > most) return { ...placeOf(text, index), message: `more than ${most} levels deep` }
  }
  return undefined
}

/** The last text that was asked about: a file has its findings one after the other. */
let parsed: { text: string; root: Node | undefined } | undefined

/** Where the value at `path` starts, or the closest one above it that exists. */
export function locate(text: string, path: JsonPath): { line: number; column: number } {
  if (parsed?.text !== text) parsed = { text, root: parseTree(text) }
  const { root } = parsed
  for (let length = path.length; root && length >= 0; length--) {
    const node = findNodeAtLocation(root, path.slice(0, length))
    if (node) return placeOf(text, node.offset)
  }
  return { line: 1, column: 1 }
}

/** Keys that occur twice in one object: `JSON.parse` would silently take the last. */
export function doubledKeys(text: string): Placed[] {
  const found: Placed[] = []
  const visit = (node: Node): void => {
    const seen = new Set<unknown>()
    for (const child of node.children ?? []) {
      const key = child.type === 'property' ? child.children?.[0] : undefined
      if (key && seen.has(key.value)) {
        found.push({ ...placeOf(text, key.offset), message: `"${key.value}" occurs twice here` })
      }
      if (key) seen.add(key.value)
      visit(child)
    }
  }
  const root = parseTree(text)
  if (root) visit(root)
  return found
}

const SYNTAX: Readonly<Record<string, string>> = {
  CommaExpected: 'a comma is missing here',
  ColonExpected: 'a colon is missing here',
  PropertyNameExpected: 'a property name in double quotes belongs here',
  ValueExpected: 'a value belongs here',
  CloseBraceExpected: 'a closing brace "}" is missing here',
  CloseBracketExpected: 'a closing bracket "]" is missing here',
  EndOfFileExpected: 'the file should end here',
  InvalidCommentToken: 'comments are not allowed',
  UnexpectedEndOfString: 'this string does not end',
}
