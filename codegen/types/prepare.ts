/**
 * Makes a lexicon safe for lex-cli, which writes descriptions into comments and names of properties into types just as
 * they are. Everything else that it writes is a name by the grammar, which was checked, or in quotes.
 */
import type { LexiconDoc } from '@atproto/lexicon'
import { isObject } from '../check/shape.ts'
import { commentLine, commentText } from '../emit/quote.ts'

/** A copy of a lexicon, which lex-cli may change: descriptions in the words of a comment, names in quotes if need be. */
export const prepareForLexCli = (doc: LexiconDoc): LexiconDoc => prepare(doc) as LexiconDoc

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/

function prepare(node: unknown, isParameter = false): unknown {
  if (Array.isArray(node)) return node.map((item) => prepare(item))
  if (!isObject(node)) return node
  const entries = Object.entries(node).flatMap(([key, value]): [string, unknown][] => {
    switch (key) {
      case 'description':
        return [[key, describe(value, isParameter)]]
      case 'properties':
        return [[key, prepareProperties(value, node.type === 'params')]]
      case 'required':
      case 'nullable':
        return [[key, Array.isArray(value) ? value.map(fieldName) : value]]
      default:
        return [[key, prepare(value)]]
    }
  })
  return Object.fromEntries(entries)
}

/** Comments on parameters are written without an asterisk before each line. */
function describe(text: unknown, isParameter: boolean): unknown {
  if (typeof text !== 'string') return text
  return isParameter ? commentLine(text) : commentText(text)
}

/** `$type` is left out: the types of objects have it anyway, with its value. */
function prepareProperties(properties: unknown, areParameters: boolean): unknown {
  if (!isObject(properties)) return properties
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([name]) => name !== '$type')
      .map(([name, property]) => [fieldName(name), prepare(property, areParameters)]),
  )
}

const fieldName = (name: string): string => (IDENTIFIER.test(name) ? name : JSON.stringify(name))
