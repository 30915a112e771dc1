/** Options that several commands have, and the check that no unknown one was given. */
import type { ArgsDef } from 'citty'
import { findProject } from '../base.ts'
import { didYouMean } from '../did-you-mean.ts'
import { UsageError } from '../errors.ts'

export const rootOption = {
  root: {
    type: 'string',
    valueHint: 'folder',
    description: 'The project to work on, if it is not the one of this folder',
    default: findProject(process.cwd()),
  },
} as const satisfies ArgsDef

export const jsonOption = {
  json: { type: 'boolean', description: 'Print JSON for scripts' },
} as const satisfies ArgsDef

/** Complains about options and arguments that a command does not have: citty ignores them. @throws UsageError */
export function refuseUnknown(given: { _: string[] }, known: ArgsDef): void {
  const options = Object.keys(known)
  // `--dry-run` is there as `dryRun`, too, and `--yes` as `y`.
  const names = new Set(
    Object.entries(known).flatMap(([name, option]) => [
      name,
      camelCase(name),
      ...('alias' in option ? [option.alias ?? []].flat() : []),
    ]),
  )
  for (const option of Object.keys(given)) {
    if (option === '_' || names.has(option)) continue
    throw new UsageError(`unknown option --${option}${didYouMean(option, options)}`)
  }
  const positional = Object.values(known).filter(({ type }) => type === 'positional').length
  const extra = given._[positional]
  if (extra !== undefined) throw new UsageError(`unexpected argument "${extra}"`)
}

const camelCase = (name: string): string =>
  name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
