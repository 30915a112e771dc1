/** From a request to an answer: routing, parameters, authentication, body, handler, in this order. */
import type {
  Lexicons,
  LexXrpcProcedure,
  LexXrpcQuery,
  LexXrpcSubscription,
} from '@atproto/lexicon'
import { isValidNsid } from '@atproto/syntax'
import { ErrorFrame, InvalidRequestError, MethodNotImplementedError } from '@atproto/xrpc-server'
import type { App } from '../../app.ts'
import { lexicons as loadLexicons } from '../../generated/lexicons.ts'
import { routes } from '../../generated/routes.ts'
import { forward } from '../../proxy/forward.ts'
import { decide, isOwned } from '../../routing/decide.ts'
import { findSetting } from '../../routing/settings.ts'
import { authenticate } from '../auth/authenticate.ts'
import { assertCall, assertRule, type OAuthRule, type Permissions } from '../auth/permissions.ts'
import type { OAuthCredentials } from '../auth/policy.ts'
import { enforceLimits, noteBudget } from '../limits/enforce.ts'
import { toResponse } from './answer.ts'
import { parseBody } from './body.ts'
import type { AnyDefinition } from './define.ts'
import { parseParams } from './params.ts'

type Method = LexXrpcQuery | LexXrpcProcedure | LexXrpcSubscription

/**
 * Answers one XRPC request.
 *
 * @throws XRPCError for everything that the caller is to be told; anything else is an internal error
 */
export async function dispatch(request: Request, nsid: string, app: App): Promise<Response> {
  if (!isValidNsid(nsid)) throw new InvalidRequestError('invalid xrpc path')
  if (app.isLimited) noteBudget(app, app.isolateLimits.spend(app.clientAddress, nsid))
  const route = routes[nsid]
  if (route) assertVerb(route.kind, request.method)
  if (route?.to === 'local') {
    const { default: definition } = await route.load()
    return serve(request, nsid, definition, app)
  }
  const fallback = fallbackOf(nsid, app)
  const isNamed = request.headers.has('atproto-proxy')
  if (isOwned(nsid) || (fallback === 'refuse' && !isNamed)) {
    throw new MethodNotImplementedError(`${nsid} is not implemented on this host`)
  }
  return forward(request, nsid, fallback === 'refuse' ? undefined : fallback, app)
}

/** Where a method that is not served here goes unless the caller says where; lexicons make no difference. */
function fallbackOf(nsid: string, { config }: App) {
  const setting = findSetting(nsid, config.proxyRoutes)
  if (setting) return setting.to
  const route = decide(nsid, false)
  return route.to === 'proxy' ? route.service : 'refuse'
}

function assertVerb(kind: 'query' | 'procedure' | 'subscription', verb: string): void {
  const expected = kind === 'procedure' ? 'POST' : 'GET'
  if (verb === expected || (verb === 'HEAD' && kind === 'query')) return
  throw new InvalidRequestError(`Incorrect HTTP method (${verb}) expected ${expected}`)
}

async function serve(
  request: Request,
  nsid: string,
  definition: AnyDefinition,
  app: App,
): Promise<Response> {
  const lexicons = loadLexicons()
  const method = lexicons.getDefOrThrow(nsid) as Method
  if (method.type === 'subscription') return serveStream(request, nsid, method, definition, app)
  const params = parseParams(lexicons, nsid, method.parameters, new URL(request.url).searchParams)
  const auth = await authenticate(definition.auth, request, nsid, app)
  const permissions = permissionsOf(auth)
  const rule: OAuthRule = definition.oauth ?? definition.auth.oauth ?? 'never'
  if (permissions) assertRule(permissions, rule)
  const { body, encoding } = await parseBody(
    lexicons,
    nsid,
    method.type === 'procedure' ? method.input : undefined,
    request,
    definition.inputLimit,
  )
  if (permissions) {
    await assertCall(permissions, rule, { params, input: body, encoding, request, app })
  }
  await enforceLimits(definition.limits, { auth, input: body }, app)
  const context = { params, input: body, encoding, auth, request, app }
  const output = await call(definition, context)
  return toResponse(lexicons, nsid, method.output, output, app.config.devMode)
}

/** What the caller's token allows; undefined for whoever is not an app with an OAuth token. */
function permissionsOf(auth: unknown): Permissions | undefined {
  if (!auth || typeof auth !== 'object' || !('type' in auth) || auth.type !== 'oauth')
    return undefined
  return (auth as OAuthCredentials).permissions
}

/** A subscription that cannot begin says so in an error frame (event stream specification). */
async function serveStream(
  request: Request,
  nsid: string,
  method: LexXrpcSubscription,
  definition: AnyDefinition,
  app: App,
): Promise<Response> {
  if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') {
    throw new InvalidRequestError(`${nsid} is a subscription: connect with a WebSocket`)
  }
  const lexicons: Lexicons = loadLexicons()
  try {
    const query = new URL(request.url).searchParams
    const params = parseParams(lexicons, nsid, method.parameters, query)
    const auth = await authenticate(definition.auth, request, nsid, app)
    const output = await call(definition, {
      params,
      input: undefined,
      encoding: '',
      auth,
      request,
      app,
    })
    return output as Response
  } catch (error) {
    const { 0: client, 1: server } = new WebSocketPair()
    server.accept()
    server.send(ErrorFrame.fromError(error).toBytes())
    server.close(1008)
    return new Response(null, { status: 101, webSocket: client })
  }
}

/**
 * The types of the context were checked where the definition was written, against the same lexicon
 * that the values were just validated with; here they are known at run time only.
 */
const call = async (definition: AnyDefinition, context: object): Promise<unknown> =>
  definition.handler(context as never)
