/** What the host serves besides `/xrpc/`: pages and well-known documents. */
import { Hono } from 'hono'
import { cors } from 'hono/cors'
import { protectedResource } from '../oauth/protected-resource.ts'
import { authenticate } from '../server/auth/authenticate.ts'
import { admin } from '../server/auth/policy.ts'
import { errorResponse, isInternal } from '../server/xrpc/answer.ts'
import { EXPOSED_HEADERS, PREFLIGHT_AGE } from '../server/xrpc/cors.ts'
import { SIGN_IN_MAILS_PATH } from '../services/mail/marks.ts'
import { InsufficientStorageError } from '../services/objects/disk-space.ts'
import { isDraining, ShuttingDownError } from '../services/objects/draining.ts'
import type { PageBindings } from './account/page-env.ts'
import { pageHeaders } from './layout.ts'
import { health } from './status/health.ts'
import { statusPage } from './status/page.ts'
import { serveAtprotoDid, serveDidDocument, tlsCheck } from './well-known.ts'

/** What proxies say of whom they ask for. */
const FORWARDED = ['x-forwarded-for', 'x-forwarded-host', 'forwarded']

export const site = new Hono<{ Bindings: PageBindings }>()
  // Before what lets scripts of other origins read: these pages are for this host's own.
  .on(['GET', 'POST'], ['/settings', '/settings/*'], async (c) => {
    const { pages } = await import('./account/serve.ts')
    return pages.fetch(c.req.raw, c.env, c.executionCtx)
  })
  .on(['GET', 'POST'], ['/migrate', '/migrate/*'], async (c) => {
    const { movingIn } = await import('./migrate/serve.ts')
    return movingIn.fetch(c.req.raw, c.env, c.executionCtx)
  })
  .on(['GET', 'POST'], ['/admin', '/admin/*'], async (c) => {
    const { adminConsole } = await import('./admin/serve.ts')
    return adminConsole.fetch(c.req.raw, c.env, c.executionCtx)
  })
  .get('/docs/*', async (c, next) => {
    if (!c.env.services.config.docs) return next()
    const { docs } = await import('./docs/serve.ts')
    return docs.fetch(c.req.raw, c.env, c.executionCtx)
  })
  .on(['GET', 'POST'], SIGN_IN_MAILS_PATH, async (c) => {
    const { signInMails } = await import('./sign-in-mails.ts')
    return signInMails.fetch(c.req.raw, c.env, c.executionCtx)
  })
  // For commands, which know no origins.
  .post('/operator/*', async (c) => {
    const { operatorCommands } = await import('./operator/commands.ts')
    return operatorCommands.fetch(c.req.raw, c.env, c.executionCtx)
  })
  // Nor for scripts of other origins in a browser on this machine.
  .get('/metrics', async (c) => {
    const { metrics } = await import('./metrics/serve.ts')
    return metrics.fetch(c.req.raw, c.env, c.executionCtx)
  })
  .use(cors({ origin: '*', maxAge: PREFLIGHT_AGE, exposeHeaders: [...EXPOSED_HEADERS] }))
  .get('/', async (c) => {
    const { landing } = await import('./landing.ts')
    return landing(c.req.raw, c.env.services.config)
  })
  .get('/robots.txt', (c) =>
    c.text('# Crawling the public API is welcome.\nUser-agent: *\nAllow: /\n'),
  )
  .get('/xrpc/_health', async (c) => {
    const { sequencer, space, directory } = c.env.services
    const status = health(await sequencer.status())
    // The operator is told of the mails, too.
    const isOperator =
      c.req.header('authorization') !== undefined &&
      (await authenticate(admin, c.env.context, '', c.env.services))
    const report = isOperator ? { ...status, mail: await directory.mails.counts() } : status
    const problem = isDraining()
      ? new ShuttingDownError()
      : (await space.isFull()) && new InsufficientStorageError()
    // Whatever it is: whoever watches takes this host for one that is not ready.
    return problem ? c.json({ ...report, ...problem.payload }, 503) : c.json(report)
  })
  .get('/tls-check', (c) => tlsCheck(c.req.query('domain'), c.env.services))
  .get('/status', async (c) => {
    const { config, sequencer } = c.env.services
    const page = await statusPage(config, health(await sequencer.status()), Date.now())
    return c.html(page, 200, { ...pageHeaders(c.req.raw, config), 'cache-control': 'no-store' })
  })
  .get('/.well-known/did.json', (c) => serveDidDocument(c.req.raw, c.env.services))
  .get('/.well-known/atproto-did', (c) => serveAtprotoDid(c.req.raw, c.env.services))
  .get('/.well-known/oauth-protected-resource', (c) =>
    c.json(protectedResource(c.env.services.config)),
  )
  .get('/dev/mail', async (c) => {
    // Nor for whom a proxy or tunnel lets in.
    if (FORWARDED.some((name) => c.req.header(name) !== undefined)) return c.notFound()
    // Not for scripts of other origins: it holds tokens, if only those of a host in development.
    c.res.headers.delete('access-control-allow-origin')
    const mails = await c.env.services.mail.outbox()
    return mails ? c.json(mails) : c.notFound()
  })
  .notFound((c) => c.json({ error: 'NotFound', message: `nothing at ${c.req.path}` }, 404))
  .onError((error, c) => {
    if (isInternal(error)) c.env.services.log.error('request failed', error, { path: c.req.path })
    return errorResponse(error)
  })
