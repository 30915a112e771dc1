/** The answers of a method that are errors, by status and name. */
import { statusOf } from '../../src/kernel/error-status.ts'
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
  Unauthorized: { name: 'AuthMissing' },
  Forbidden: { name: 'ScopeMissingError', description: 'For apps.' },
  TooLarge: { name: 'PayloadTooLarge' },
  UnknownEncoding: {
    name: 'UnsupportedMediaType',
    description: 'The `content-encoding` of the body is not known here.',
  },
  TooManyRequests: { name: 'RateLimitExceeded' },
  Internal: { name: 'InternalServerError' },
  Upstream: { name: 'UpstreamFailure' },
  Busy: { name: 'ServiceUnavailable', description: 'Try again.' },
  Full: { name: 'InsufficientStorage', description: 'The disk of the host is full.' },
} as const satisfies Record<string, NamedError>

type Common = keyof typeof COMMON
const NAMES = Object.keys(COMMON) as Common[]

export const commonResponses = (): Json =>
  Object.fromEntries(
    NAMES.map((name) => [name, response(statusOf(COMMON[name].name), [COMMON[name]])]),
  )

/** Errors of a method, by the status that this host gives their names. */
export function errorResponses({ def, route }: Method, access: Access | undefined): Json {
  const takesCredentials = !access || access.credentials.length > 0
  const hasBody = def.type === 'procedure' && def.input !== undefined
  const own: NamedError[] = [
    ...(def.errors ?? []),
    { name: 'InvalidRequest', description: 'Parameters or body are not what the lexicon says.' },
    ...(takesCredentials ? named('ExpiredToken', 'InvalidToken') : []),
  ]
  const common: Record<Common, boolean> = {
    Unauthorized: takesCredentials && !access?.anyone,
    Forbidden: access?.oauth !== undefined,
    TooLarge: hasBody,
    UnknownEncoding: hasBody,
    TooManyRequests: true,
    Internal: true,
    Upstream: route.to === 'proxy',
    Busy: true,
    Full: hasBody,
  }
  const byStatus = Map.groupBy(own, ({ name }) => statusOf(name))
  const responses: Record<number, Json> = {}
  for (const name of NAMES.filter((one) => common[one])) {
    const status = statusOf(COMMON[name].name)
    const declared = byStatus.get(status)
    // What the lexicon declares for the status stands beside what all hosts answer with.
    if (declared) declared.push(COMMON[name])
    else responses[status] = { $ref: `#/components/responses/${name}` }
  }
  for (const [status, errors] of byStatus) responses[status] = response(status, errors)
  return responses
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
