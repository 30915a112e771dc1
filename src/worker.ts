/** The Worker: plain HTTP routes, and `/xrpc/*` handed to the dispatcher. */
import { Hono } from 'hono'
import { cors } from 'hono/cors'
import { version } from '../package.json'
import { type App, createApp } from './app.ts'
import { addRowCounts } from './dev/row-counts.ts'
import type { Env } from './env.ts'
import { serveAtprotoDid, serveDidDocument } from './identity/well-known.ts'
import { createLogger, type Logger } from './log.ts'
import { errorResponse, isInternal } from './xrpc/answer.ts'
import { dispatch } from './xrpc/dispatch.ts'

export { AccountObject } from './durable/account.ts'
export { DirectoryObject } from './durable/directory.ts'
export { SequencerObject } from './durable/sequencer.ts'

type HonoEnv = { Bindings: { app: App } }

/** Response headers that browsers let scripts of other origins read. */
const EXPOSED_HEADERS = [
  'atproto-repo-rev',
  'atproto-content-labelers',
  'dpop-nonce',
  'www-authenticate',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
  'ratelimit-policy',
  'retry-after',
  'x-request-id',
]

const routes = new Hono<HonoEnv>()
  .use(cors({ origin: '*', maxAge: 86_400, exposeHeaders: EXPOSED_HEADERS }))
  .get('/', (c) =>
    c.text(
      `This is ${c.env.app.config.hostname}, a Personal Data Server of the AT Protocol.\n\n` +
        'Sign in to it from an app such as https://bsky.app: choose "Custom" as hosting provider\n' +
        `and enter ${c.env.app.config.publicUrl}\n\n` +
        'The API is under /xrpc/.\n',
    ),
  )
  .get('/robots.txt', (c) =>
    c.text('# Crawling the public API is welcome.\nUser-agent: *\nAllow: /\n'),
  )
  .get('/xrpc/_health', (c) => c.json({ version }))
  .get('/.well-known/did.json', (c) => serveDidDocument(c.req.raw, c.env.app))
  .get('/.well-known/atproto-did', (c) => serveAtprotoDid(c.req.raw, c.env.app))
  .all('/xrpc/:nsid', (c) => dispatch(c.req.raw, c.req.param('nsid'), c.env.app))
  .all('/xrpc/:nsid/', (c) => dispatch(c.req.raw, c.req.param('nsid'), c.env.app))
  .all('/xrpc/*', (c) => c.json({ error: 'InvalidRequest', message: 'invalid xrpc path' }, 400))
  .notFound((c) => c.json({ error: 'NotFound', message: `nothing at ${c.req.path}` }, 404))
  .onError((error, c) => {
    if (isInternal(error)) c.env.app.log.error('request failed', error, { path: c.req.path })
    return errorResponse(error)
  })

export default {
  async fetch(request, env, ctx) {
    const id = crypto.randomUUID()
    const log = createLogger({ request: id }, env.LOG_LEVEL === 'error')
    const started = Date.now()
    const response = await answer(request, env, ctx, log)
    const { method, url } = request
    const { status } = response
    log.info('request', { method, path: new URL(url).pathname, status, ms: Date.now() - started })
    // The head of a WebSocket response cannot be changed.
    if (response.webSocket) return response
    response.headers.set('x-request-id', id)
    return response
  },
} satisfies ExportedHandler<Env>

async function answer(
  request: Request,
  env: Env,
  ctx: ExecutionContext,
  log: Logger,
): Promise<Response> {
  try {
    const app = createApp(env, ctx, log)
    // Nor can it pass through the CORS middleware, which makes a new response.
    const isWebSocket = request.headers.get('upgrade')?.toLowerCase() === 'websocket'
    const { pathname } = new URL(request.url)
    if (isWebSocket) return await dispatch(request, pathname.replace(/^\/xrpc\//, ''), app)
    const response = await routes.fetch(request, { app }, ctx)
    if (app.config.devMode) await addRowCounts(response, app)
    return response
  } catch (error) {
    if (isInternal(error)) log.error('request failed', error)
    return errorResponse(error)
  }
}
