/** The runtime, for the entry of a project: `/xrpc/*` goes to the dispatcher, everything else to the OAuth server and the site. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { withRequest } from '../context/current-request.ts'
import { type AnswerNotes, createRequestContext } from '../context/request.ts'
import { type RequestUrl, readUrl } from '../context/request-url.ts'
import { type Services, servicesOf } from '../context/services.ts'
import type { Env } from '../contracts/env.ts'
import { type Config, ConfigError } from '../kernel/config/config.ts'
import { hasJobs } from '../kernel/job-files.ts'
import { createLogger, type Logger } from '../kernel/log.ts'
import { drain } from '../kernel/net/request-body.ts'
import { ASSETS, isOAuthPath } from '../oauth/paths.ts'
import { compress } from '../server/compress.ts'
import { assertHost } from '../server/host-name.ts'
import { boundBody } from '../server/limits/bound-body.ts'
import { countPath } from '../server/limits/count-request.ts'
import { policyOf } from '../server/limits/path-policy.ts'
import { methodLabel, noteRequest, OTHER } from '../server/request-metrics.ts'
import { addSecurityHeaders } from '../server/security-headers.ts'
import { errorResponse, isInternal } from '../server/xrpc/answer.ts'
import { answerXrpc } from '../server/xrpc/serve.ts'
import {
  assertNoOperatorAccount,
  isOperatorRequest,
} from '../services/accounts/operator-accounts.ts'
import { assertLocation } from '../services/objects/location.ts'
import { assertSecrets } from '../services/objects/secrets.ts'
import { hostObjects } from '../services/objects/stubs.ts'
import { site } from '../web/site.ts'
import { type Tree, useTree } from './tree.ts'

export { AccountObject } from '../durable/account.ts'
export { AppObject } from '../durable/app.ts'
export { DirectoryObject } from '../durable/directory.ts'
export { IndexObject } from '../durable/host-index.ts'
export { ImportCheckObject } from '../durable/import-check.ts'
export { OAuthObject } from '../durable/oauth.ts'
export { SequencerObject } from '../durable/sequencer.ts'
export { Hooks } from '../server/collections/hooks.ts'
export { Control } from '../server/control.ts'
export { Jobs } from '../server/jobs/jobs.ts'

/** The Worker of a project, from what its lexicons were generated into. */
export function serve(
  tree: Tree,
): ExportedHandler<Env> & { fetch: ExportedHandlerFetchHandler<Env> } {
  useTree(tree)
  return worker
}

const worker = {
  async fetch(request, env, ctx) {
    const id = crypto.randomUUID()
    const log = createLogger({ request: id }, env.LOG_LEVEL === 'error')
    const started = Date.now()
    const { method } = request
    const url = readUrl(request.url)
    if (!url) {
      const refusal = new Response('bad Host header\n', { status: 400 })
      addSecurityHeaders(refusal, undefined)
      return refusal
    }
    const {
      response,
      config,
      notes,
      label = OTHER,
    } = await answer(request, { id, url }, env, ctx, log)
    const ms = Date.now() - started
    noteRequest(env, label, response.status, ms)
    // Cloudflare does that itself.
    if (response.status >= 400 && env.BLOB_DISK) await drain(request)
    log.info('request', { method, path: url.pathname, status: response.status, ms })
    if (env.BLOB_DISK && notes) compress(request, response, notes)
    // The head of a WebSocket response cannot be changed.
    if (!notes?.isComplete && !response.webSocket) {
      response.headers.set('x-request-id', id)
      addSecurityHeaders(response, config)
    }
    return response
  },

  /** By the Cron trigger of wrangler.toml: backs the host up (docs/backup.md). */
  async scheduled(_, env) {
    const log = createLogger({ trigger: 'backup' }, env.LOG_LEVEL === 'error')
    try {
      const { backUpSelf } = await import('../server/back-up-self.ts')
      log.info('backup', { outcome: await backUpSelf(env, log) })
    } catch (error) {
      log.error('the backup failed', error)
      throw error
    }
  },
} satisfies ExportedHandler<Env>

async function answer(
  request: Request,
  known: { id: string; url: RequestUrl },
  env: Env,
  ctx: ExecutionContext,
  log: Logger,
): Promise<{ response: Response; config?: Config; notes?: AnswerNotes; label?: string }> {
  const { url } = known
  const path = url.pathname
  let services: Services
  try {
    services = servicesOf(env)
    assertHost(url, services.config)
    if (!checked.has(env)) await check(request, path, env, services, log)
  } catch (error) {
    const what = error instanceof ConfigError ? 'the settings are wrong' : 'request failed'
    if (isInternal(error)) log.error(what, error, { path })
    return { response: errorResponse(error) }
  }
  const { config } = services
  const context = createRequestContext(request, config, log, ctx, known)
  wakeJobs(env, ctx)
  let label: string | undefined
  const response = await withRequest(context, async () => {
    try {
      const nsid = xrpcMethod(request, path)
      if (nsid !== undefined) {
        label = methodLabel(nsid)
        return await answerXrpc(context, nsid, services)
      }
      const policy = policyOf(request.method, plainPath(path))
      label = policy?.path
      countPath(context, policy)
      const bounded = policy?.streams ? request : await boundBody(request, policy?.maxBody ?? 0)
      if (isOAuthPath(path)) return await answerOAuth(bounded, path, env, services)
      return await site.fetch(bounded, { services, context }, ctx)
    } catch (error) {
      if (isInternal(error)) log.error('request failed', error, { path })
      return errorResponse(error, context.answer)
    }
  })
  return { response, config, notes: context.answer, label }
}

/** Isolates that may answer: what is stored is that of these settings. */
const checked = new WeakSet<Env>()

/** @throws ConfigError */
async function check(
  request: Request,
  path: string,
  env: Env,
  { config, operatorNames }: Services,
  log: Logger,
): Promise<void> {
  await assertLocation(env, config.dataLocation)
  const secretsFit = assertSecrets(env, config, log)
  if (isOperatorRequest(request, path)) return secretsFit
  await Promise.all([
    assertNoOperatorAccount(operatorNames, hostObjects(env).directory),
    secretsFit,
  ])
  checked.add(env)
}

/** Isolates that have told the object of the jobs of this release. */
const awake = new WeakSet<Env>()

/** Once per isolate: with the first request after a release, its jobs are known. */
function wakeJobs(env: Env, ctx: ExecutionContext): void {
  if (!hasJobs() || awake.has(env)) return
  awake.add(env)
  ctx.waitUntil(
    hostObjects(env)
      .hostIndex.jobs.wake()
      .catch(() => awake.delete(env)),
  )
}

/** The OAuth server and its pages. They are most of the code, and loaded when they are first asked for. */
async function answerOAuth(
  request: Request,
  path: string,
  env: Env,
  services: Services,
): Promise<Response> {
  if (path.startsWith(ASSETS)) {
    const { serveAsset } = await import('../oauth/assets.ts')
    return await serveAsset(path, env.ASSETS)
  }
  if (path === '/account') {
    const { leadToSettings } = await import('../web/account/lead-to-settings.ts')
    const there = await leadToSettings(request, services)
    if (there) return there
  }
  const { serveOAuth } = await import('../oauth/serve.ts')
  const { addSignInLink } = await import('../web/account/alternative-sign-in.ts')
  const { nameOwnFiles } = await import('../web/account/provider-policy.ts')
  const response = await serveOAuth(request, services)
  nameOwnFiles(request, response, services.config)
  return addSignInLink(request, response)
}

/** The method that an XRPC path names; undefined: it is none. A trailing slash is accepted. */
function xrpcMethod(request: Request, path: string): string | undefined {
  const isXrpc = path.startsWith('/xrpc/') && path !== '/xrpc/_health'
  return isXrpc && request.method !== 'OPTIONS'
    ? path.slice('/xrpc/'.length).replace(/\/$/, '')
    : undefined
}

/** A path as routers read it, which take `%6c` for `l`. @throws InvalidRequestError */
function plainPath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw new InvalidRequestError('The path is not well encoded')
  }
}
