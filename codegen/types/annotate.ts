/**
 * Makes lex-cli's output ours: the banner names the lexicon, every exported symbol names the def it came
 * from, and imports name files as they are on disk. Works on text, which prettier has made regular.
 */
import type { LexiconDoc } from '@atproto/lexicon'
import { tsBanner } from '../banner.ts'
import { commentLine } from '../emit/quote.ts'
import { escapeControls } from '../escape-controls.ts'
import { lexiconPath } from '../layout.ts'

const THEIR_BANNER = /^\/\*\*\n \* GENERATED CODE - DO NOT MODIFY\n \*\/\n/

/** An exported declaration at the start of a line; groups: keyword, name. */
const EXPORTED = /^export (interface|type|const|function) (\w+)/

/** Annotates the types of one lexicon. */
export function annotateTypes(code: string, doc: LexiconDoc): string {
  const defs = symbolTable(doc)
  const lines: string[] = []
  for (const line of ownImports(code.replace(THEIR_BANNER, '')).split('\n')) {
    const [, keyword, name = ''] = EXPORTED.exec(line) ?? []
    if (keyword) noteOrigin(lines, `From ${originOf(doc.id, name, keyword, defs)}.`)
    if (line === 'export {') noteOrigin(lines, `From ${doc.id}#main, by its generic names.`)
    lines.push(line)
  }
  return tsBanner(lexiconPath(doc.id)) + escapeControls(lines.join('\n'), '\n')
}

/** Annotates the helpers that all type files share. */
export const annotateUtil = (code: string): string =>
  tsBanner('@atproto/lex-cli') + ownImports(code.replace(THEIR_BANNER, ''))

const ownImports = (code: string): string =>
  code.replace(/^((?:import |\} ).*from '\.{1,2}\/[^']*)\.js'$/gm, "$1.ts'")

/** Normalised symbol name → def. lex-cli changes the case of a def's name and nothing else. */
const symbolTable = (doc: LexiconDoc): Map<string, string> =>
  new Map(Object.keys(doc.defs).map((def) => [normalise(def), def]))

function originOf(
  nsid: string,
  symbol: string,
  keyword: string,
  defs: ReadonlyMap<string, string>,
): string {
  const base = keyword === 'function' ? symbol.replace(/^(is|validate)/, '') : symbol
  // Names with no def of their own (QueryParams, InputSchema, …) are parts of the method.
  return commentLine(`${nsid}#${defs.get(normalise(base)) ?? 'main'}`)
}

const normalise = (name: string): string => name.replace(/[^a-zA-Z0-9]/g, '').toLowerCase()

/** Adds a line to the doc comment that `lines` ends with, or starts one. */
function noteOrigin(lines: string[], note: string): void {
  const last = lines.at(-1) ?? ''
  if (!last.endsWith('*/')) {
    lines.push(`/** ${note} */`)
  } else if (last.startsWith('/** ')) {
    lines.pop()
    lines.push('/**', ` * ${last.slice(4, -2).trim()}`, ' *', ` * ${note}`, ' */')
  } else {
    lines.pop()
    lines.push(' *', ` * ${note}`, ' */')
  }
}
