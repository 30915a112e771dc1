/** All checks of one lexicon that need nothing but its own file. */
import { type LexiconDoc, lexiconDoc } from '@atproto/lexicon'
import { ensureValidNsid, isValidNsid } from '@atproto/syntax'
import { MAX_DEPTH } from '../../src/services/lexicons/depth.ts'
import { nameProblems } from '../../src/services/lexicons/grammar.ts'
import type { Diagnostic, JsonPath } from '../diagnostics.ts'
import { lexiconPath } from '../layout.ts'
import type { LexiconFile } from '../load.ts'
import { firstOf } from './findings.ts'
import { doubledKeys, locate, type Placed, syntaxError, tooDeep } from './positions.ts'
import { checkShape, type Finding, isObject } from './shape.ts'
import { checkSize } from './size.ts'
import { checkSymbols } from './symbols.ts'

/** A zod issue, as far as it is looked at here. */
interface Issue {
  code: string
  path: JsonPath
  message: string
  unionErrors?: { issues: Issue[] }[]
}

/** Complaints about one file. `takenBy` is another file with the same id, when there is one. */
export function checkLexicon(file: LexiconFile, takenBy?: string): Diagnostic[] {
  const { path, text, json } = file
  const placed = ({ line, column, message }: Placed): Diagnostic => ({
    severity: 'error',
    file: path,
    line,
    column,
    message,
  })
  if (file.isElsewhere) {
    const message = 'is a symbolic link that does not lead to a file in lexicons/'
    return [{ severity: 'error', file: path, message }]
  }
  if (json === undefined) {
    const deep = tooDeep(text, MAX_DEPTH)
    const wrong = deep ?? syntaxError(text) ?? { line: 1, column: 1, message: 'invalid JSON' }
    return [placed(wrong)]
  }
  if (!isObject(json) || !('lexicon' in json)) {
    const message = 'not a lexicon: an object with "lexicon": 1, "id" and "defs" belongs here'
    return [placed({ line: 1, column: 1, message })]
  }
  const own: Finding[] = [
    ...checkId(json.id, file, takenBy),
    ...nameProblems(json),
    ...checkShape(json),
  ]
  const findings: Finding[] = [...own, ...officialObjections(json, own)]
  if (findings.every(({ severity }) => severity === 'warning')) {
    findings.push(...checkSize(json), ...checkSymbols(json as LexiconDoc))
  }
  return [
    ...doubledKeys(text).map(placed),
    ...firstOf(findings).map((finding) => toDiagnostic(finding, file)),
  ]
}

/** A finding as a diagnostic, with its place in the text. */
export const toDiagnostic = (
  { at, message, severity }: Finding,
  { path, text }: LexiconFile,
): Diagnostic => ({ severity: severity ?? 'error', file: path, ...locate(text, at), message })

function checkId(id: unknown, file: LexiconFile, takenBy: string | undefined): Finding[] {
  const at = ['id']
  if (typeof id !== 'string') return [{ at, message: '"id" has to be an NSID in a string' }]
  if (!isValidNsid(id)) return [{ at, message: `"${id}" is not an NSID: ${nsidProblem(id)}` }]
  if (takenBy !== undefined) {
    const message = `duplicate id "${id}": ${takenBy} has it, and this path says "${file.nsid}"`
    return [{ at, message }]
  }
  if (id === file.nsid) return []
  const message = `the id "${id}" contradicts the path, which says "${file.nsid}"; the place for this id is ${lexiconPath(id)}`
  return [{ at, message }]
}

function nsidProblem(id: string): string {
  try {
    ensureValidNsid(id)
    return 'malformed'
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return message.charAt(0).toLowerCase() + message.slice(1)
  }
}

/** What the parser of `@atproto/lexicon` says beyond what has been found already. */
function officialObjections(json: object, found: readonly Finding[]): Finding[] {
  const result = lexiconDoc.safeParse(json)
  if (result.success) return []
  const errors = found.filter(({ severity }) => severity !== 'warning')
  return flatten(result.error.issues as Issue[])
    .filter((issue) => !errors.some(({ at }) => overlap(at, issue.path)))
    .map(({ path, message }) => ({ at: path, message: inWords(path, message) }))
}

/** Replaces a failed union by the complaints of the alternative that came closest. */
function flatten(issues: readonly Issue[]): Issue[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'invalid_union' || !issue.unionErrors) return [issue]
    const wrongType = ({ path, code }: Issue): boolean =>
      path.at(-1) === 'type' || code === 'invalid_union_discriminator'
    const matching = issue.unionErrors.find(({ issues }) => !issues.some(wrongType))
    return matching ? flatten(matching.issues) : [issue]
  })
}

/** Whether one path leads to the other. */
const overlap = (a: JsonPath, b: JsonPath): boolean => {
  const length = Math.min(a.length, b.length)
  return a.slice(0, length).every((part, index) => part === b[index])
}

/** The parser says of what is not there only that it is required. */
const inWords = (path: JsonPath, message: string): string =>
  message === 'Required' ? `"${path.at(-1)}" is missing` : lowerFirst(message)

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)
