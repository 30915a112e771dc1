/** `methods/<nsid path>.ts`: what a handler file imports. One for every method, handled here or not. */
import { tsBanner } from '../banner.ts'
import { GENERATED, lexiconPath, nsidToPath } from '../layout.ts'
import type { Method } from '../methods.ts'
import type { PlannedFile } from '../write.ts'
import { docComment } from './doc-comment.ts'
import { quote } from './quote.ts'

export const methodPath = (nsid: string): string => `${GENERATED}/methods/${nsidToPath(nsid)}.ts`

/** The definer and the declared errors of one method. */
export function emitMethod(method: Method): PlannedFile {
  const { nsid, def, isBase } = method
  if (isBase) {
    const theirs = quote(`cumulus/lex/${nsidToPath(nsid)}`)
    return {
      path: methodPath(nsid),
      code: `${tsBanner(theirs.slice(1, -1))}export * from ${theirs}\n`,
    }
  }
  const names = (def.errors ?? []).map(({ name }) => name)
  const types = [paramsType(method), inputType(method), outputType(method)] as const
  const typeImport = types.some((type) => type.startsWith('types.'))
    ? `import type * as types from ${quote(`#types/${nsidToPath(nsid)}`)}\n`
    : ''
  const code = `${tsBanner(lexiconPath(nsid))}${typeImport}import { declareErrors, definer, type MethodShape } from 'cumulus/define'

${docComment([`The ${def.type} ${nsid}.`])}export interface Method extends MethodShape {
  kind: ${quote(def.type)}
  params: ${types[0]}
  input: ${types[1]}
  output: ${types[2]}
${encodingLine(method)}}

${docComment([
  `Defines the handler of the ${def.type} ${nsid}.`,
  ...(def.description ? [def.description] : []),
])}export const define = definer<Method>()

${docComment([
  names.length > 0 ? `The errors that ${nsid} declares.` : `${nsid} declares no errors of its own.`,
])}export const errors = declareErrors(${nameList(names)})
`
  return { path: methodPath(nsid), code }
}

const paramsType = ({ def }: Method): string =>
  def.parameters && Object.keys(def.parameters.properties).length > 0 ? 'types.QueryParams' : '{}'

function inputType({ def }: Method): string {
  if (def.type !== 'procedure' || !def.input) return 'undefined'
  return def.input.schema ? 'types.InputSchema' : 'ReadableStream<Uint8Array>'
}

function outputType({ def }: Method): string {
  const schema = def.type === 'subscription' ? def.message?.schema : def.output?.schema
  return schema ? 'types.OutputSchema' : 'undefined'
}

/** What an output without a schema is: typed, so that `bytes` is checked. */
function encodingLine({ def }: Method): string {
  if (def.type === 'subscription' || !def.output || def.output.schema) return ''
  return `  outputEncoding: ${encodingType(def.output.encoding)}\n`
}

/** `image/*` → `` `image/${string}` ``; several with commas between are a union. */
function encodingType(encoding: string): string {
  const kinds = encoding.split(',').map((kind) => kind.trim())
  if (kinds.some((kind) => !/^[\w.+-]+\/(?:[\w.+-]+|\*)$/.test(kind))) return 'string'
  return kinds
    .map((kind) => (kind.endsWith('/*') ? `\`${kind.slice(0, -1)}\${string}\`` : quote(kind)))
    .join(' | ')
}

function nameList(names: readonly string[]): string {
  const oneLine = `[${names.map(quote).join(', ')}]`
  if (oneLine.length < 70) return oneLine
  return `[\n${names.map((name) => `  ${quote(name)},\n`).join('')}]`
}
