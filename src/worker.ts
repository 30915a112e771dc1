/** The Worker: `/xrpc/*` goes to the dispatcher, everything else to the site. */
import { type App, createApp } from './app.ts'
import type { Env } from './contracts/env.ts'
import { createLogger, type Logger } from './kernel/log.ts'
import { ASSETS, isOAuthPath } from './oauth/paths.ts'
import { addRowCounts } from './server/row-counts.ts'
import { errorResponse, isInternal } from './server/xrpc/answer.ts'
import { allowAllOrigins } from './server/xrpc/cors.ts'
import { dispatch } from './server/xrpc/dispatch.ts'
import { assertLocation } from './services/objects/location.ts'
import { setBudgetHeaders } from './services/objects/rate-limit-error.ts'
import { tightest } from './storage/rate-counter.ts'
import { site } from './web/site.ts'

export { AccountObject } from './durable/account.ts'
export { DirectoryObject } from './durable/directory.ts'
export { OAuthObject } from './durable/oauth.ts'
export { SequencerObject } from './durable/sequencer.ts'

export default {
  async fetch(request, env, ctx) {
    const id = crypto.randomUUID()
    const log = createLogger({ request: id }, env.LOG_LEVEL === 'error')
    const started = Date.now()
    const { method, url } = request
    const path = new URL(url).pathname
    const response = await answer(request, path, env, ctx, log)
    log.info('request', { method, path, status: response.status, ms: Date.now() - started })
    // The head of a WebSocket response cannot be changed.
    if (!response.webSocket) response.headers.set('x-request-id', id)
    return response
  },
} satisfies ExportedHandler<Env>

async function answer(
  request: Request,
  path: string,
  env: Env,
  ctx: ExecutionContext,
  log: Logger,
): Promise<Response> {
  let app: App
  try {
    app = createApp(env, ctx, log, request)
    await assertLocation(env, app.config.dataLocation)
  } catch (error) {
    log.error('the settings are wrong', error)
    return errorResponse(error)
  }
  if (isOAuthPath(path)) return answerOAuth(request, path, env, app)
  const nsid = xrpcMethod(request, path)
  if (nsid === undefined) return site.fetch(request, { app }, ctx)
  const response = await dispatch(request, nsid, app).catch((error: unknown) => {
    if (isInternal(error)) log.error('request failed', error, { path })
    return errorResponse(error)
  })
  if (response.webSocket) return response
  for (const [name, value] of app.answerHeaders) response.headers.set(name, value)
  allowAllOrigins(response)
  const budget = tightest(app.budgets)
  if (budget && !response.headers.has('ratelimit-limit')) setBudgetHeaders(response.headers, budget)
  if (app.config.devMode) await addRowCounts(response, app)
  return response
}

/** The OAuth server and its pages. They are most of the code, and loaded when they are first asked for. */
async function answerOAuth(request: Request, path: string, env: Env, app: App): Promise<Response> {
  try {
    if (path.startsWith(ASSETS)) {
      const { serveAsset } = await import('./oauth/assets.ts')
      return await serveAsset(path, env.ASSETS)
    }
    const { serveOAuth } = await import('./oauth/serve.ts')
    const { offerOtherWays } = await import('./web/account/alternative-sign-in.ts')
    return offerOtherWays(request, await serveOAuth(request, app))
  } catch (error) {
    app.log.error('request failed', error, { path })
    return errorResponse(error)
  }
}

/** What is asked for by an XRPC path; undefined: something else is meant. A trailing slash is let pass. */
function xrpcMethod(request: Request, path: string): string | undefined {
  const isXrpc = path.startsWith('/xrpc/') && path !== '/xrpc/_health'
  return isXrpc && request.method !== 'OPTIONS'
    ? path.slice('/xrpc/'.length).replace(/\/$/, '')
    : undefined
}
