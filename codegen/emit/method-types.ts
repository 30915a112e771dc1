/** `method-types.ts`: what is sent to methods and what they answer, so that a call that is written out is checked. */
import { tsBanner } from '../banner.ts'
import { GENERATED, LEXICONS, nsidToPath } from '../layout.ts'
import type { Method, MethodDef } from '../methods.ts'
import type { PlannedFile } from '../write.ts'
import { quote } from './quote.ts'

/** @param methods those that this project defines itself: the package has the others */
export function emitMethodTypes(methods: readonly Method[]): PlannedFile {
  const entries = methods
    .filter(({ def }) => def.type !== 'subscription')
    .map(({ nsid, def }) => {
      const method = `import(${quote(`./methods/${nsidToPath(nsid)}.ts`)}).Method`
      return `    ${quote(nsid)}: Called<${[method, ...defaults(def)].join(', ')}>\n`
    })
  const code = `${tsBanner(`${LEXICONS}/`)}import type { Called } from 'cumulus/methods'

declare module 'cumulus/methods' {
  /** What is sent to a method and what it answers, for every NSID. */
  interface Methods {
${entries.join('')}  }
}

export type { Called }
`
  return { path: `${GENERATED}/method-types.ts`, code }
}

/** The names that callers may leave out, and whoever reads finds filled in: of the parameters, and of the input. */
function defaults(def: MethodDef): string[] {
  const schema = def.type === 'procedure' ? def.input?.schema : undefined
  const params = filled(def.parameters?.properties)
  const input = filled(schema?.type === 'object' ? schema.properties : undefined)
  if (input !== 'never') return [params, input]
  return params === 'never' ? [] : [params]
}

function filled(properties: Record<string, unknown> | undefined): string {
  const names = Object.entries(properties ?? {}).flatMap(([name, schema]) =>
    (schema as { default?: unknown }).default === undefined ? [] : [quote(name)],
  )
  return names.length > 0 ? names.join(' | ') : 'never'
}
