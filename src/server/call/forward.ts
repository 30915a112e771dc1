/** Handlers in front of a method of another service: its answer as it is, or changed (docs/handlers.md). */
import { lexToJson } from '@atproto/lexicon'
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { UserCredentials } from '../../context/credentials.ts'
import { lexicons } from '../../kernel/lexicons.ts'
import { forward as forwardTo } from '../../proxy/forward.ts'
import { responseHeaders } from '../../proxy/headers.ts'
import { callUpstream, parseAnswer, readBody } from '../../proxy/read-after-write/upstream.ts'
import { pass } from '../../proxy/send.ts'
import { unusable } from '../../proxy/upstream-error.ts'
import { InvalidOutputError } from '../xrpc/answer.ts'
import type { Context, MethodShape } from '../xrpc/define.ts'
import { fallbackOf } from '../xrpc/fallback.ts'

/** How an answer is changed. */
export interface ForwardOptions<M extends MethodShape> {
  /** Makes another answer of that of the service; the same object: it goes on as it came. */
  change?(output: M['output']): M['output'] | Promise<M['output']>
}

/**
 * Sends the request on as the host would without a handler: to the service that it names, or that the settings name, in the
 * caller's name. Without `change` the answer is a stream; with it, it is read (5 MiB at most) and validated first. Errors of
 * the service are passed on unchanged.
 *
 * @throws XRPCError 502 `UpstreamFailure` for an answer that is not what the lexicon says, which is never shown unchanged
 */
export async function forward<M extends MethodShape>(
  context: Context<M, UserCredentials>,
  { change }: ForwardOptions<M> = {},
): Promise<Response> {
  const { nsid, auth, request, services } = context
  const fallback = fallbackOf(nsid, services)
  if (!change) {
    return forwardTo(request, nsid, fallback === 'refuse' ? undefined : fallback, auth, services)
  }
  if (request.method !== 'GET') throw new InvalidRequestError('Only answers to queries are changed')
  const { response } = await callUpstream(nsid, { auth, request, services }, fallback)
  if (!response.ok) return response
  const { status, headers } = response
  const body = await readBody(response).catch((cause: unknown) => {
    throw unusable('Upstream answer broke off', cause)
  })
  let output: M['output']
  try {
    output = parseAnswer(nsid, body, headers)
  } catch (cause) {
    throw unusable(`the answer to ${nsid} is not what its lexicon says`, cause)
  }
  const changed = await change(output)
  if (changed === output) {
    return pass(new Response(body, { status, headers, encodeBody: 'manual' }))
  }
  try {
    lexicons().assertValidXrpcOutput(nsid, changed)
  } catch (cause) {
    throw new InvalidOutputError(`${nsid} was changed against its lexicon`, { cause })
  }
  const json = lexToJson(changed as never)
  return pass(Response.json(json, { headers: responseHeaders(headers, false) }))
}
