/** The answers of a method that are errors, by status and name. */
import type { Access } from '../../src/server/access.ts'
import type { Method } from '../methods.ts'
import { type Json, refTo } from './schema.ts'

const ERROR = '_Error'

export const errorSchemas: Readonly<Record<string, Json>> = {
  [ERROR]: {
    type: 'object',
    description: 'What went wrong: a name for programs, a sentence for people.',
    required: ['error'],
    properties: { error: { type: 'string' }, message: { type: 'string' } },
  },
}

interface NamedError {
  name: string
  description?: string
}

/** Errors that all hosts answer with (XRPC specification), by the name of their response in the document. */
const COMMON = {
  Unauthorized: { status: 401, errors: named('AuthMissing') },
  Forbidden: { status: 403, errors: [{ name: 'ScopeMissingError', description: 'For apps.' }] },
  TooLarge: { status: 413, errors: named('PayloadTooLarge') },
  TooManyRequests: { status: 429, errors: named('RateLimitExceeded') },
  Internal: { status: 500, errors: named('InternalServerError') },
  Upstream: { status: 502, errors: named('UpstreamFailure') },
}

export const commonResponses = (): Json =>
  Object.fromEntries(
    Object.entries(COMMON).map(([name, { status, errors }]) => [name, response(status, errors)]),
  )

/** Errors of a method by status. Declared ones are 400, unless a handler says another status. */
export function errorResponses({ def, route }: Method, access: Access | undefined): Json {
  const takesCredentials = !access || access.credentials.length > 0
  const errors: NamedError[] = [
    ...(def.errors ?? []),
    { name: 'InvalidRequest', description: 'Parameters or body are not what the lexicon says.' },
    ...(takesCredentials ? named('ExpiredToken', 'InvalidToken') : []),
  ]
  const common: Record<keyof typeof COMMON, boolean> = {
    Unauthorized: takesCredentials && !access?.anyone,
    Forbidden: access?.oauth !== undefined,
    TooLarge: def.type === 'procedure' && def.input !== undefined,
    TooManyRequests: true,
    Internal: true,
    Upstream: route.to === 'proxy',
  }
  return {
    400: response(400, errors),
    ...Object.fromEntries(
      (Object.keys(COMMON) as (keyof typeof COMMON)[]).flatMap((name) =>
        common[name] ? [[COMMON[name].status, { $ref: `#/components/responses/${name}` }]] : [],
      ),
    ),
  }
}

function named(...names: string[]): NamedError[] {
  return names.map((name) => ({ name }))
}

function response(status: number, errors: readonly NamedError[]): Json {
  const lines = errors.map(({ name, description }) =>
    description ? `- \`${name}\`: ${description}` : `- \`${name}\``,
  )
  // Others may come, from newer hosts and from services behind this one.
  const error = {
    anyOf: [{ enum: [...new Set(errors.map(({ name }) => name))] }, { type: 'string' }],
  }
  return {
    description: lines.join('\n'),
    ...(status === 429 && {
      headers: { 'retry-after': { description: 'Seconds.', schema: { type: 'integer' } } },
    }),
    content: {
      'application/json': { schema: { allOf: [refTo(ERROR)], properties: { error } } },
    },
  }
}
