import type { RequestContext } from '../../context/request.ts'
import type { Services } from '../../context/services.ts'
import { setRateLimitHeaders } from '../limits/headers.ts'
import { addRowCounts } from '../row-counts.ts'
import { errorResponse, isInternal } from './answer.ts'
import { allowAllOrigins } from './cors.ts'
import { dispatch } from './dispatch.ts'

/** Answers an XRPC request: what the method answers, or its error, with the headers that every answer has. */
export async function answerXrpc(
  context: RequestContext,
  nsid: string,
  services: Services,
): Promise<Response> {
  const response = await dispatch(context, nsid, services).catch((error: unknown) => {
    if (isInternal(error)) context.log.error('request failed', error, { path: `/xrpc/${nsid}` })
    return errorResponse(error, context.answer)
  })
  if (!context.answer.isComplete) {
    if (response.webSocket) return response
    for (const [name, value] of context.extraHeaders ?? []) response.headers.set(name, value)
    allowAllOrigins(response)
    const status = context.limits.status()
    if (status && !response.headers.has('ratelimit-limit')) {
      setRateLimitHeaders(response.headers, status)
    }
  }
  if (services.config.devMode) await addRowCounts(response, context, services)
  return response
}
