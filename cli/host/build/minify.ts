/**
 * Makes what esbuild has minified smaller again: oxc, by which Vite minifies, joins statements, folds and drops more than esbuild
 * does, which is 3 % of what is compressed, for 0.1 s. Its map leads to esbuild's, and so to the sources.
 */
import remapping, { type SourceMapSegment } from '@jridgewell/remapping'
import { minifySync } from 'oxc-minify'

export interface Script {
  code: string
  /** Its source map, as JSON. */
  map: string
}

/** A module could not be minified; the message names it and says where. */
export class MinifyError extends Error {
  override name = 'MinifyError'
}

/**
 * @param name of the module, for messages
 * @param keepNames functions and classes are to be called what they are in the sources
 * @throws MinifyError
 */
export function minify(name: string, before: Script, keepNames: boolean): Script {
  const names = { function: keepNames, class: keepNames }
  const { code, map, errors } = minifySync(name, before.code, {
    module: true,
    compress: { target: 'es2024', keepNames: names },
    mangle: { keepNames: names },
    sourcemap: true,
  })
  const [error] = errors
  if (error || !map) throw new MinifyError(`${name}: ${error?.codeframe ?? error?.message}`)
  const { mappings, sources, names: named } = map
  const places = remapping(
    { version: 3, mappings, sources, names: named },
    (source) => (source === name ? before.map : null),
    { decodedMappings: true },
  )
  const escaped = inAscii(name, before.code, code)
  const decoded = Array.isArray(places.mappings) ? places.mappings : []
  if (escaped !== code) moveBehindEscapes(decoded, code)
  // Once more, as it writes mappings down.
  const written = remapping({ ...places, mappings: decoded }, () => null)
  return { code: escaped, map: written.toString() }
}

/**
 * As esbuild wrote it: V8 keeps a source as two bytes a character for a single one beyond Latin-1. A module in which esbuild
 * left some has them in regular expressions, or in tagged templates, whose tags may ask for the text as it is written: it stays.
 */
function inAscii(name: string, before: string, after: string): string {
  if (NOT_ASCII.test(before) || !NOT_ASCII.test(after) || /\\[^\0-\x7f]/.test(after)) return after
  const escaped = after.replaceAll(
    new RegExp(NOT_ASCII, 'g'),
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  // Not all that may stand in a name may be written so.
  const { errors } = minifySync(name, escaped, { module: true, compress: false, mangle: false })
  return errors.length > 0 ? after : escaped
}

const NOT_ASCII = /[^\0-\x7f]/

/** Columns of `mappings`, which are those of `code`, to where they are with six characters for each that is not ASCII. */
function moveBehindEscapes(mappings: SourceMapSegment[][], code: string): void {
  for (const [number, line] of code.split('\n').entries()) {
    let [column, escapes] = [0, 0]
    for (const segment of mappings[number] ?? []) {
      for (const end = segment[0]; column < end; column++) {
        if (NOT_ASCII.test(line[column] ?? '')) escapes++
      }
      segment[0] += 5 * escapes
    }
  }
}
