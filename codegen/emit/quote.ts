/**
 * How text of lexicons gets into generated files: as a string in quotes, or as text in a comment. Nothing else writes
 * such text, so that a lexicon can say whatever it likes and remains data.
 */
import { escapeControls } from '../escape-controls.ts'

/** A string literal in single quotes. */
export const quote = (text: string): string => {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  return `'${escapeControls(inner)}'`
}

/** What tools obey when it stands in a comment: the type checker's directives, and marks for bundlers. */
const DIRECTIVE = /([@#])(?=ts-|__)/g

/** Text for a block comment, in lines: it cannot end the comment, and tells no tool anything. */
export const commentText = (text: string): string =>
  escapeControls(text.replace(/\r\n?|[\u2028\u2029]/g, '\n'), '\n\t')
    .replaceAll('*/', '*\\/')
    .replace(DIRECTIVE, '$1 ')

/** The same in one line, for a comment whose lines do not all start with an asterisk, or that ends with its line. */
export const commentLine = (text: string): string => commentText(text).replace(/\s*\n\s*/g, ' ')
