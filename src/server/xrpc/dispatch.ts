/** From a request to an answer: routing, parameters, authentication, body, handler, in this order. */
import type {
  Lexicons,
  LexXrpcProcedure,
  LexXrpcQuery,
  LexXrpcSubscription,
} from '@atproto/lexicon'
import {
  ErrorFrame,
  InvalidRequestError,
  MethodNotImplementedError,
  XRPCError,
} from '@atproto/xrpc-server'
import type { OAuthCredentials, ServiceCredentials } from '../../context/credentials.ts'
import { enforceLimits } from '../../context/limits/enforce.ts'
import type { Permissions } from '../../context/permissions.ts'
import type { RequestContext } from '../../context/request.ts'
import type { Services } from '../../context/services.ts'
import { errorFrame, negotiate } from '../../kernel/cbor/event-stream.ts'
import { lexicons as loadLexicons } from '../../kernel/lexicons.ts'
import { forward } from '../../proxy/forward.ts'
import { isOwned } from '../../routing/decide.ts'
import { isCanonicalNsid } from '../../routing/nsid.ts'
import { audited, operatorOf } from '../audit.ts'
import { authenticate } from '../auth/authenticate.ts'
import { authorizeAgain } from '../auth/authorize-again.ts'
import { assertCall, assertRule, type OAuthRule } from '../auth/oauth-rule.ts'
import { sessionCheckedByAccount } from '../auth/policy.ts'
import { countMethod } from '../limits/count-request.ts'
import { subprotocolOf } from '../streams/from-log.ts'
import { isInternal, toResponse } from './answer.ts'
import { bodyLimitOf, parseBody } from './body.ts'
import type { AnyDefinition } from './define.ts'
import { fallbackOf } from './fallback.ts'
import { parseParams } from './params.ts'
import { loadHandler, routeOf } from './routes.ts'

type Method = LexXrpcQuery | LexXrpcProcedure | LexXrpcSubscription

/**
 * Answers one XRPC request.
 *
 * @throws XRPCError for everything that the caller is to be told; anything else is an internal error
 */
export async function dispatch(
  context: RequestContext,
  nsid: string,
  services: Services,
): Promise<Response> {
  const { request } = context
  if (!isCanonicalNsid(nsid)) throw new InvalidRequestError('invalid xrpc path')
  countMethod(context, nsid)
  const route = routeOf(nsid)
  if (route) assertVerb(route.kind, request.method)
  if (route?.to === 'local') {
    return serve(context, nsid, await loadHandler(nsid, route), services)
  }
  const fallback = fallbackOf(nsid, services)
  const isNamed = request.headers.has('atproto-proxy')
  if (isOwned(nsid) || (fallback === 'refuse' && !isNamed)) {
    throw new MethodNotImplementedError(`${nsid} is not implemented on this host`)
  }
  if (!['GET', 'HEAD', 'POST'].includes(request.method)) {
    throw new InvalidRequestError('XRPC requests only supports GET and POST')
  }
  const caller = await authenticate(sessionCheckedByAccount, context, nsid, services)
  return forward(request, nsid, fallback === 'refuse' ? undefined : fallback, caller, services)
}

function assertVerb(kind: 'query' | 'procedure' | 'subscription', verb: string): void {
  const expected = kind === 'procedure' ? 'POST' : 'GET'
  if (verb === expected || (verb === 'HEAD' && kind === 'query')) return
  throw new InvalidRequestError(`Incorrect HTTP method (${verb}) expected ${expected}`)
}

async function serve(
  context: RequestContext,
  nsid: string,
  definition: AnyDefinition,
  services: Services,
): Promise<Response> {
  const lexicons = loadLexicons()
  const method = lexicons.getDefOrThrow(nsid) as Method
  if (method.type === 'subscription')
    return serveStream(context, nsid, method, definition, services)
  const params = parseParams(lexicons, nsid, method.parameters, context.url.search)
  const since = Date.now()
  const auth = await authenticate(definition.auth, context, nsid, services)
  try {
    return await serveCaller(context, nsid, { method, definition, params, auth, since }, services)
  } catch (error) {
    await giveTokenBack(auth, error, context)
    throw error
  }
}

interface Call {
  method: LexXrpcQuery | LexXrpcProcedure
  definition: AnyDefinition
  params: unknown
  auth: unknown
  /** Before the caller was authenticated, in ms since the epoch. */
  since: number
}

/** What is refused has not used up the token that it came with; where it is unclear what happened, it has. */
async function giveTokenBack(auth: unknown, error: unknown, { log }: RequestContext) {
  if (!(error instanceof XRPCError) || error.statusCode >= 500) return
  const credentials = auth as ServiceCredentials | undefined
  await credentials?.giveBack?.().catch((failure: unknown) => {
    log.error('a service token could not be given back', failure)
  })
}

async function serveCaller(
  context: RequestContext,
  nsid: string,
  { method, definition, params, auth, since }: Call,
  services: Services,
): Promise<Response> {
  const { request } = context
  const lexicons = loadLexicons()
  const permissions = permissionsOf(auth)
  const rule = ruleOf(definition)
  if (permissions) assertRule(permissions, rule)
  const { body, encoding } = await parseBody(
    lexicons,
    nsid,
    method.type === 'procedure' ? method.input : undefined,
    request,
    {
      max: bodyLimitOf(definition, services.config),
      counted: !definition.countsInput,
      plain: definition.plainInput ?? false,
    },
  )
  if (permissions) {
    await assertCall(permissions, rule, { params, input: body, encoding, request, services })
  }
  await enforceLimits(definition.limits, { auth, input: body }, context, services)
  // Also where no body is taken: what came instead of one may have been waited for.
  if (request.body) await authorizeAgain(auth, definition.auth, since, services)
  const isQuery = method.type === 'query'
  const ifNoneMatch = isQuery ? (request.headers.get('if-none-match') ?? undefined) : undefined
  const given = { nsid, params, input: body, encoding, auth, ifNoneMatch }
  const work = () => call(definition, given, context, services)
  const actor = method.type === 'procedure' ? operatorOf(auth, definition.auth) : undefined
  const output =
    actor === undefined
      ? await work()
      : await audited({ actor, action: nsid, input: body }, context, services, work)
  return toResponse(output, { nsid, schema: method.output, ifNoneMatch }, context, services.config)
}

/** Where nobody says what a token must allow, none is enough. */
const ruleOf = ({ oauth, auth }: AnyDefinition): OAuthRule => oauth ?? auth.oauth ?? 'never'

/** What the caller's token allows; undefined for whoever is not an app with an OAuth token. */
function permissionsOf(auth: unknown): Permissions | undefined {
  if (!auth || typeof auth !== 'object' || !('type' in auth) || auth.type !== 'oauth')
    return undefined
  return (auth as OAuthCredentials).permissions
}

/** A subscription that cannot begin says so in an error frame (event stream specification). */
async function serveStream(
  context: RequestContext,
  nsid: string,
  method: LexXrpcSubscription,
  definition: AnyDefinition,
  services: Services,
): Promise<Response> {
  const { request } = context
  if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') {
    throw new InvalidRequestError(`${nsid} is a subscription: connect with a WebSocket`)
  }
  const lexicons: Lexicons = loadLexicons()
  try {
    const params = parseParams(lexicons, nsid, method.parameters, context.url.search)
    const auth = await authenticate(definition.auth, context, nsid, services)
    const message = { params, input: undefined, encoding: '', ifNoneMatch: undefined }
    const permissions = permissionsOf(auth)
    if (permissions) {
      const rule = ruleOf(definition)
      assertRule(permissions, rule)
      await assertCall(permissions, rule, { ...message, request, services })
    }
    await enforceLimits(definition.limits, { auth }, context, services)
    return (await call(definition, { nsid, ...message, auth }, context, services)) as Response
  } catch (error) {
    if (isInternal(error)) context.log.error('request failed', error, { path: `/xrpc/${nsid}` })
    const { 0: client, 1: server } = new WebSocketPair()
    server.accept()
    const offered = request.headers.get('sec-websocket-protocol')
    const { protocol, echo } = negotiate(offered, subprotocolOf(method))
    const { error: name, message } = ErrorFrame.fromError(error).body
    server.send(errorFrame(protocol, name, message))
    server.close(1008)
    const headers: HeadersInit = echo ? { 'sec-websocket-protocol': echo } : {}
    return new Response(null, { status: 101, webSocket: client, headers })
  }
}

/**
 * The types of the context were checked where the definition was written, against the same lexicon
 * that the values were just validated with; here they are known at run time only.
 */
const call = async (
  definition: AnyDefinition,
  input: object,
  { request, clientAddress, waitUntil }: RequestContext,
  services: Services,
): Promise<unknown> =>
  definition.handler({ ...input, request, clientAddress, waitUntil, services } as never)
