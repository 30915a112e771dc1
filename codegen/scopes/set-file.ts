/** Changes the permissions in the file of a permission set and leaves the rest as somebody wrote it. */
import { applyEdits, findNodeAtLocation, modify, parseTree } from 'jsonc-parser'
import { lexiconText } from '../lexicon-text.ts'
import type { SetPermission } from './derive.ts'

const PLACE = ['defs', 'main', 'permissions']
const STYLE = { formattingOptions: { tabSize: 2, insertSpaces: true } }

/** The text of a permission set with other permissions. */
export function replacePermissions(text: string, permissions: readonly SetPermission[]): string {
  const root = parseTree(text)
  const node = root && findNodeAtLocation(root, PLACE)
  if (!node) return applyEdits(text, modify(text, PLACE, permissions, STYLE))
  const line = text.slice(text.lastIndexOf('\n', node.offset) + 1, node.offset)
  const indent = /^\s*/.exec(line)?.[0] ?? ''
  const after = text.slice(node.offset + node.length)
  return text.slice(0, node.offset) + lexiconText(permissions, indent, line.length) + after
}
