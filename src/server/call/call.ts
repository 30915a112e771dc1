/** Handlers and hooks that call a method: of this host, without a request, or of another service (docs/handlers.md). */
import { jsonToLex } from '@atproto/lexicon'
import { AuthRequiredError, MethodNotImplementedError, XRPCError } from '@atproto/xrpc-server'
import type { UserCredentials } from '../../context/credentials.ts'
import { currentRequest } from '../../context/current-request.ts'
import type { Permissions } from '../../context/permissions.ts'
import type { Services } from '../../context/services.ts'
import { lexicons } from '../../kernel/lexicons.ts'
import type { Methods } from '../../kernel/methods.ts'
import { audited, operatorOf } from '../audit.ts'
import { assertCall, assertRule } from '../auth/oauth-rule.ts'
import type { AuthPolicy } from '../auth/policy.ts'
import { InvalidOutputError } from '../xrpc/answer.ts'
import type { AnyDefinition } from '../xrpc/define.ts'
import { JsonText } from '../xrpc/json-text.ts'
import { loadHandler, routeOf } from '../xrpc/routes.ts'
import type { CallAs, RemoteCall } from './remote.ts'

export type { CallAs }

/** Calls that a request may lead to: handlers that call each other end. */
const MAX_CALLS = 100

/** A method: where its name is written out, one of those of the tree; any text otherwise. */
export type MethodName<N extends string = string> = string extends N ? N : keyof Methods

type Shape<N extends string> = N extends keyof Methods
  ? Methods[N]
  : { params: object; input: unknown; output: unknown }

type Part<K extends string, T> = undefined extends T
  ? { [_ in K]?: T }
  : object extends T
    ? { [_ in K]?: T }
    : { [_ in K]: T }

/** What a method is called with, and how. */
export type CallOptions<N extends string> = Part<'params', Shape<N>['params']> &
  Part<'input', Shape<N>['input']> & {
    as?: CallAs
    /** Another service, `<did>#<id>`. Default: this host, or whom it forwards the method to. */
    service?: `did:${string}#${string}`
    /** ms that another service may take. Default: 30,000. */
    timeout?: number
    /** Bytes that another service may answer. Default: 5 MiB. */
    maxBytes?: number
  }

/** What a method answers: by its lexicon, or, where that has no schema, the answer itself. */
export type CallOutput<N extends string> =
  Shape<N> extends { outputEncoding: string } ? Response : Shape<N>['output']

/** Where a call comes from: what a handler, or a hook, is given. */
export interface CallContext {
  services: Services
  auth?: unknown
}

/**
 * Calls a method. One that has a handler here is called in this process, with its validation and its rules of who may call,
 * and counts against no rate limit; any other one is asked over the network, with a token of the account's.
 *
 * @throws XRPCError with the name that the method gave; `UpstreamFailure`, `UpstreamTimeout` if there was no answer
 */
export async function call<const N extends string>(
  { services, auth }: CallContext,
  nsid: N & MethodName<N>,
  ...[options]: object extends CallOptions<N>
    ? [options?: CallOptions<N>]
    : [options: CallOptions<N>]
): Promise<CallOutput<N>> {
  const given: RemoteCall = { as: 'caller', ...(options as Partial<RemoteCall>), auth }
  count()
  const route = routeOf(nsid)
  const isHere = given.service === undefined || isThisHost(given.service, services)
  if (route?.to === 'local' && isHere) {
    const definition = await loadHandler(nsid, route)
    return (await callHere(nsid, definition, given, services)) as CallOutput<N>
  }
  const { callElsewhere } = await import('./remote.ts')
  return (await callElsewhere(nsid, route?.kind, given, services)) as CallOutput<N>
}

const isThisHost = (service: string, { config }: Services): boolean =>
  service.split('#', 1)[0] === config.serviceDid

const counts = new WeakMap<object, number>()

/** @throws XRPCError 500 `TooManyCalls` */
function count(): void {
  const request = currentRequest()
  const calls = (counts.get(request) ?? 0) + 1
  if (calls > MAX_CALLS) throw new XRPCError(500, `more than ${MAX_CALLS} calls`, 'TooManyCalls')
  counts.set(request, calls)
}

async function callHere(
  nsid: string,
  definition: AnyDefinition,
  { as, auth: caller, params = {}, input }: RemoteCall,
  services: Services,
): Promise<unknown> {
  const method = lexicons().getDefOrThrow(nsid)
  if (method.type !== 'query' && method.type !== 'procedure') {
    throw new MethodNotImplementedError(`${nsid} is no method that can be called`)
  }
  const checked = lexicons().assertValidXrpcParams(nsid, params)
  const schema = method.type === 'procedure' ? method.input : undefined
  if (schema?.schema) lexicons().assertValidXrpcInput(nsid, input)
  const auth = credentialsFor(as, caller, definition.auth)
  const context = currentRequest()
  const { request, clientAddress } = context
  const encoding = schema ? (schema.schema ? 'application/json' : schema.encoding) : ''
  const about = { nsid, params: checked ?? {}, input, encoding, auth }
  // What the client has is an answer to its own question, not to this one.
  const given = { ...about, ifNoneMatch: undefined, request, services }
  const permissions = permissionsOf(auth)
  if (permissions) {
    const rule = definition.oauth ?? definition.auth.oauth ?? 'never'
    assertRule(permissions, rule)
    await assertCall(permissions, rule, given)
  }
  const waitUntil = (promise: Promise<unknown>) => context.waitUntil(promise)
  const work = async (): Promise<unknown> =>
    definition.handler({ ...given, clientAddress, waitUntil } as never)
  const actor = method.type === 'procedure' ? operatorOf(auth, definition.auth) : undefined
  const output =
    actor === undefined
      ? await work()
      : await audited({ actor, action: nsid, input }, context, services, work)
  if (output instanceof JsonText) return jsonToLex(output.parse() as never)
  return method.output?.schema && output instanceof Response ? answerValue(nsid, output) : output
}

/** What a handler has answered with a finished response. */
async function answerValue(nsid: string, response: Response): Promise<unknown> {
  const json = await response.json().catch((cause: unknown) => {
    throw new InvalidOutputError(`${nsid} answered no JSON`, { cause })
  })
  if (response.ok) return jsonToLex(json as never)
  const { error, message } = json as { error?: string; message?: string }
  throw new XRPCError(response.status, message, error)
}

/** @throws AuthRequiredError where the method is not for whom it is called as */
function credentialsFor(as: string, caller: unknown, policy: AuthPolicy<unknown>): unknown {
  if (policy.accept.length === 0) return undefined
  const auth = as === 'caller' ? caller : as === 'nobody' ? undefined : madeFor(as)
  if (auth === undefined ? policy.orAnonymous : admits(policy, auth)) return auth
  throw new AuthRequiredError('The method is not for whom it is called as')
}

const madeFor = (as: string): unknown =>
  as === 'host'
    ? { type: 'admin', actor: 'admin' }
    : // Without a session: the account's object looks at the state of the account only.
      { type: 'session', did: as, scope: 'com.atproto.access', session: null }

function admits({ accept, scopes }: AuthPolicy<unknown>, auth: unknown): boolean {
  const { type, scope, actor } = auth as Partial<UserCredentials> & {
    type?: string
    actor?: string
  }
  if (type === 'oauth') return accept.includes('session')
  if (type === 'session') {
    return accept.includes('session') && (!scopes || scopes.some((allowed) => allowed === scope))
  }
  if (type === 'admin') return accept.includes(actor === 'admin' ? 'admin' : 'operator')
  return type === 'service' && accept.includes('service')
}

const permissionsOf = (auth: unknown): Permissions | undefined => {
  const { type, permissions } = (auth ?? {}) as { type?: string; permissions?: Permissions }
  return type === 'oauth' ? permissions : undefined
}
