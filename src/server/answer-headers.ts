/**
 * The headers that every answer of a method has, made at once: to set them one after the other on a response that is there
 * crosses into the platform for each.
 */
import type { RequestContext } from '../context/request.ts'
import type { Config } from '../kernel/config/config.ts'
import { rateLimitHeaders } from './limits/headers.ts'
import { securityHeaders } from './security-headers.ts'
import { CORS_HEADERS } from './xrpc/cors.ts'

type Settings = Pick<Config, 'publicUrl' | 'devMode'>

/** Those that are the same in all answers. */
const fixed = new WeakMap<Settings, Readonly<Record<string, string>>>()

/** An answer with the headers that every one has, and `more`. */
export function completeAnswer(
  body: string | Uint8Array | null,
  status: number,
  more: Readonly<Record<string, string>>,
  {
    id,
    limits,
    extraHeaders,
    answer,
  }: Pick<RequestContext, 'id' | 'limits' | 'extraHeaders' | 'answer'>,
  config: Settings,
): Response {
  let same = fixed.get(config)
  if (!same) {
    same = { ...CORS_HEADERS, ...securityHeaders(config) }
    fixed.set(config, same)
  }
  const headers: Record<string, string> = { ...same, ...more, 'x-request-id': id }
  const limit = limits.status()
  if (limit) Object.assign(headers, rateLimitHeaders(limit))
  const response = new Response(body, { status, headers })
  for (const [name, value] of extraHeaders ?? []) response.headers.set(name, value)
  answer.isComplete = true
  return response
}
