/** The declarations of a query, a procedure or a subscription. */
import type { LexXrpcBody } from '@atproto/lexicon'
import type { MethodDef } from '../../methods.ts'
import { quote } from '../quote.ts'
import {
  alias,
  interfaceOf,
  type ObjectSchema,
  parameters,
  properties,
  type Statement,
} from './declarations.ts'
import { expressionOf, type Scope, single, type TypeExpression } from './expressions.ts'
import { typed } from './lines.ts'

/** Whether a method takes or gives what a schema does not, or not always, describe. */
export function isStreaming(def: MethodDef): boolean {
  const bodies = [def.type === 'procedure' && def.input, def.type !== 'subscription' && def.output]
  return bodies.some((body) => body && (!body.schema || body.encoding.includes(',')))
}

/** The parts of a method, in lex-cli's order. */
export function methodStatements(def: MethodDef, scope: Scope): Statement[] {
  const origin = `${scope.doc.id}#main`
  const { names } = scope
  if (def.type === 'subscription') {
    const errors = union((def.errors ?? []).map(({ name }) => quote(name)))
    const frame = `${names.imported('ErrorFrame')}<${errors.join(' | ')}>`
    const message = def.message?.schema
    return [
      queryParams(def, scope, origin),
      ...schemaOf('OutputSchema', message, scope, origin),
      alias('HandlerError', single(frame), origin),
      alias('HandlerOutput', result(message ? 'OutputSchema' : 'void'), origin),
    ]
  }
  const input = def.type === 'procedure' ? def.input : undefined
  const { output } = def
  return [
    queryParams(def, scope, origin),
    ...inputSchema(input, scope, origin),
    ...schemaOf('OutputSchema', output?.schema, scope, origin),
    handlerInput(input, origin),
    ...handlerSuccess(output, scope, origin),
    handlerError(def, origin),
    alias('HandlerOutput', result(output ? 'HandlerSuccess' : 'void'), origin),
  ]
}

function queryParams({ parameters: schema }: MethodDef, scope: Scope, origin: string): Statement {
  const lines = schema ? parameters(schema, scope) : []
  const body = lines.length > 0 ? `{\n${lines.join('\n')}\n}` : '{}'
  return alias('QueryParams', single(body), origin, schema?.description)
}

function inputSchema(input: LexXrpcBody | undefined, scope: Scope, origin: string): Statement[] {
  if (input?.schema) return schemaOf('InputSchema', input.schema, scope, origin)
  const members = input
    ? ['string', scope.names.global('Uint8Array'), scope.names.global('Blob')]
    : ['undefined']
  return [alias('InputSchema', { ...single(''), members }, origin)]
}

function schemaOf(
  name: string,
  schema: LexXrpcBody['schema'],
  scope: Scope,
  origin: string,
): Statement[] {
  if (!schema) return []
  if (schema.type !== 'object') return [alias(name, expressionOf(schema, scope), origin)]
  const object: ObjectSchema = schema
  const lines = properties(object, scope, name === 'InputSchema')
  return [interfaceOf(name, lines, origin, schema.description)]
}

function handlerInput(input: LexXrpcBody | undefined, origin: string): Statement {
  if (!input) return alias('HandlerInput', single('void'), origin)
  const body = [
    ...(input.schema ? ['InputSchema'] : []),
    ...(input.schema && !input.encoding.includes(',') ? [] : ['stream.Readable']),
  ]
  return interfaceOf('HandlerInput', [encoding(input), member('body:', body)], origin)
}

function handlerSuccess(
  output: LexXrpcBody | undefined,
  scope: Scope,
  origin: string,
): Statement[] {
  if (!output) return []
  const bytes = [scope.names.global('Uint8Array'), 'stream.Readable']
  const body = [
    ...(output.schema ? ['OutputSchema'] : []),
    ...(output.schema && !output.encoding.includes(',') ? [] : bytes),
  ]
  const lines = [encoding(output), member('body:', body), '  headers?: { [key: string]: string }']
  return [interfaceOf('HandlerSuccess', lines, origin)]
}

function handlerError({ errors = [] }: MethodDef, origin: string): Statement {
  const names = errors.map(({ name }) => quote(name))
  const error = names.length > 0 ? [member('error?:', names)] : []
  return interfaceOf('HandlerError', ['  status: number', '  message?: string', ...error], origin)
}

const encoding = (body: LexXrpcBody): string =>
  member(
    'encoding:',
    body.encoding.split(',').map((type) => quote(type.trim())),
  )

const member = (start: string, members: string[]): string =>
  typed(start, { ...single(''), members }, '  ')

const union = (members: string[]): string[] => (members.length > 0 ? members : ['never'])

const result = (success: string): TypeExpression => ({
  ...single(''),
  members: ['HandlerError', success],
})
