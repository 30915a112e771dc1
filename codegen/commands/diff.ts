import { type ArgsDef, defineCommand } from 'citty'
import type { LexiconChange } from '../diff/diff.ts'
import type { TouchedCollection } from '../diff/touched.ts'
import { EXIT } from '../errors.ts'
import { escapeControls } from '../escape-controls.ts'
import { count, printDiagnostics, printJson } from '../report.ts'
import { jsonOption, refuseUnknown, rootOption } from './options.ts'

const args = {
  ref: {
    type: 'positional',
    description: 'A commit, branch or tag to compare with',
    default: 'HEAD',
  },
  ...jsonOption,
  ...rootOption,
} as const satisfies ArgsDef

export default defineCommand({
  meta: { name: 'diff', description: 'Tell breaking lexicon changes from harmless ones' },
  args,
  async run({ args: given }) {
    refuseUnknown(given, args)
    const { diffLexicons } = await import('../diff/diff.ts')
    const { changes, diagnostics } = await diffLexicons(given.root, given.ref)
    const breaking = changes.filter(({ impact }) => impact === 'breaking').length
    if (given.json) printJson({ ref: given.ref, breaking, changes, diagnostics })
    else print(changes, given.ref)
    printDiagnostics(diagnostics)
    if (breaking > 0 || diagnostics.length > 0) process.exitCode = EXIT.found
  },
})

function print(changes: readonly LexiconChange[], ref: string): void {
  for (const { impact, file, line, column, message, handlers, collections } of changes) {
    const place = [file, line, column].filter((part) => part !== undefined).join(':')
    console.log(escapeControls(`${impact.padEnd(8)}  ${place} ${message}`))
    const touched = [
      ...(impact === 'breaking' ? handlers : []),
      ...collections.flatMap((one) => inWords(one, impact)),
    ]
    for (const one of touched) console.log(escapeControls(`${' '.repeat(10)}touches ${one}`))
  }
  if (changes.length === 0) return
  const sums = (['breaking', 'caution', 'fine'] as const).map(
    (kind) => `${changes.filter(({ impact }) => impact === kind).length} ${kind}`,
  )
  console.log(`${count(changes.length, 'change')} since ${ref}: ${sums.join(', ')}`)
}

/** A collection file with its indexes and hooks; nothing where neither is concerned. */
function inWords(
  { file, indexes, hooks }: TouchedCollection,
  impact: LexiconChange['impact'],
): string[] {
  const parts = indexes.map(({ name, place, effect }) =>
    effect === 'gone'
      ? `index ${name} has no ${place} any more`
      : `index ${name} is made of ${place}`,
  )
  if (impact !== 'fine') parts.push(...hooks)
  return parts.length > 0 ? [`${file}: ${parts.join(', ')}`] : []
}
