import { type ArgsDef, defineCommand } from 'citty'
import { keepCompiled } from '../cache.ts'
import { EXIT, UsageError } from '../errors.ts'
import type { GenerateResult } from '../generate.ts'
import { isOurs } from '../methods.ts'
import { changeLine, count, countChanges, printDiagnostics, printJson, seconds } from '../report.ts'
import { ProjectState } from '../unchanged.ts'
import { jsonOption, refuseUnknown, rootOption } from './options.ts'

/** Also shown by `codegen --help`, since this is what `codegen` alone does. */
export const generateArgs = {
  check: { type: 'boolean', description: 'Write nothing; exit 1 and list the files that differ' },
  watch: {
    type: 'boolean',
    description: 'Generate again whenever lexicons, handlers or policy change',
  },
  fresh: { type: 'boolean', description: 'Check every file again, not only what changed' },
  ...jsonOption,
  ...rootOption,
} as const satisfies ArgsDef

export default defineCommand({
  meta: { name: 'generate', description: 'Generate src/generated/ from lexicons/ (the default)' },
  args: generateArgs,
  async run({ args }) {
    refuseUnknown(args, generateArgs)
    const { root, check, fresh, watch, json } = args
    if (watch && (check || json))
      throw new UsageError('--watch goes with neither --check nor --json')
    if (watch) {
      keepCompiled(root)
      const { watchProject } = await import('../watch.ts')
      await watchProject(root, reportRun)
      return
    }
    const start = performance.now()
    const state = new ProjectState(root)
    if (!fresh && state.isSettled) {
      if (json) printJson({ ok: true, changes: [], diagnostics: [] })
      return
    }
    keepCompiled(root)
    const { failed, generate } = await import('../generate.ts')
    const result = await generate(root, { check, fresh })
    const { diagnostics, changes } = result
    const differs = check && changes.length > 0
    const exit = failed(result) || differs ? EXIT.found : EXIT.ok
    if (diagnostics.length + changes.length === 0 && exit === EXIT.ok) state.settle()
    if (json) {
      printJson({ ok: exit === EXIT.ok, changes, diagnostics })
    } else if (check) {
      reportCheck(result)
    } else {
      reportRun(result, start)
    }
    process.exitCode = exit
  },
})

/** Nothing at all is printed when nothing changed and nothing is wrong. */
function reportRun(result: GenerateResult, start: number): void {
  const { changes, diagnostics, lexicons, methods, kept } = result
  for (const { path, change } of changes) console.log(changeLine(change, path))
  printDiagnostics(diagnostics)
  if (kept) console.error('nothing is written: src/generated/ stays as it is until that is mended')
  if (changes.length === 0) return
  const made = `${count(lexicons, 'lexicon')}, ${count(methods.filter(isOurs).length, 'method')}`
  console.log(
    `${count(changes.length, 'file')}: ${countChanges(changes)} (${made}, ${seconds(start)})`,
  )
}

function reportCheck({ changes, diagnostics }: GenerateResult): void {
  for (const { path, change } of changes) console.log(changeLine(change, path))
  printDiagnostics(diagnostics)
  if (changes.length === 0) return
  console.error(`${count(changes.length, 'file')} out of date: run \`npm run codegen\``)
}
