/** Methods of other services, called by handlers. */
import { jsonToLex, type LexXrpcQuery, lexToJson } from '@atproto/lexicon'
import {
  AuthRequiredError,
  InvalidRequestError,
  MethodNotImplementedError,
  UpstreamFailureError,
  UpstreamTimeoutError,
  XRPCError,
} from '@atproto/xrpc-server'
import type { UserCredentials } from '../../context/credentials.ts'
import type { Services } from '../../context/services.ts'
import { lexicons } from '../../kernel/lexicons.ts'
import { readWhole } from '../../kernel/net/request-body.ts'
import { decompress } from '../../proxy/decompress.ts'
import { assertMayRequest } from '../../proxy/delegation.ts'
import { assertMayCall } from '../../proxy/permission.ts'
import { send } from '../../proxy/send.ts'
import { locate, parseProxyHeader, type Target } from '../../proxy/target.ts'
import { type Authorize, mayReuseToken, tokensOf } from '../../proxy/token-reuse.ts'
import { fallbackOf } from '../xrpc/fallback.ts'

/** Whom a call is made as. */
export type CallAs =
  /** Who called the handler. The default. */
  | 'caller'
  /** The operator of this host; methods of this host only. */
  | 'host'
  /** Nobody: no credentials. */
  | 'nobody'
  /** An account of this host. */
  | `did:${string}`

/** A call with its types forgotten. */
export interface RemoteCall {
  params?: object
  input?: unknown
  as: CallAs
  service?: string
  timeout?: number
  maxBytes?: number
  auth: unknown
}

const TIMEOUT = 30_000
const MAX_BYTES = 5 * 1024 * 1024

/**
 * Asks another service.
 *
 * @param kind as the lexicon says; undefined: it is not in the tree, and a call with an input is a procedure
 * @throws XRPCError as the service named it; UpstreamFailureError; UpstreamTimeoutError
 */
export async function callElsewhere(
  nsid: string,
  kind: string | undefined,
  options: RemoteCall,
  services: Services,
): Promise<unknown> {
  const { timeout = TIMEOUT, maxBytes = MAX_BYTES } = options
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    const error = new UpstreamTimeoutError('The service did not answer in time', 'UpstreamTimeout')
    timer = setTimeout(() => reject(error), timeout)
  })
  try {
    return await Promise.race([ask(nsid, kind, options, maxBytes, services), late])
  } finally {
    clearTimeout(timer)
  }
}

async function ask(
  nsid: string,
  kind: string | undefined,
  { params, input, as, service, auth }: RemoteCall,
  maxBytes: number,
  services: Services,
): Promise<unknown> {
  const target = await targetOf(nsid, service, services)
  const isProcedure = kind === undefined ? input !== undefined : kind === 'procedure'
  const headers = new Headers({ 'accept-encoding': 'identity' })
  const isStream = input instanceof ReadableStream
  if (input !== undefined) {
    headers.set('content-type', isStream ? 'application/octet-stream' : 'application/json')
  }
  const body = isStream || input === undefined ? input : JSON.stringify(lexToJson(input as never))
  const authorize = authorizer(nsid, as, auth, target, isProcedure, services)
  const response = await send(
    {
      method: isProcedure ? 'POST' : 'GET',
      path: `/xrpc/${nsid}${queryOf(params)}`,
      headers,
      body: (body as string | ReadableStream<Uint8Array> | undefined) ?? null,
      ...(authorize && { authorize }),
    },
    target,
    services,
  )
  return read(nsid, response, maxBytes)
}

async function targetOf(
  nsid: string,
  service: string | undefined,
  services: Services,
): Promise<Target> {
  if (service !== undefined) return locate(parseProxyHeader(service), services)
  const to = fallbackOf(nsid, services)
  if (to === 'refuse')
    throw new MethodNotImplementedError(`${nsid} is not implemented on this host`)
  if (typeof to === 'object') return locate(to, services)
  const configured = services.config[to]
  if (!configured) throw new InvalidRequestError(`No service configured for ${nsid}`)
  return { ...configured, byOperator: true }
}

/** What makes the token; undefined: the service is asked in nobody's name. */
function authorizer(
  lxm: string,
  as: CallAs,
  auth: unknown,
  target: Target,
  publishes: boolean,
  services: Services,
): Authorize | undefined {
  const { did: aud, id } = target
  const mayReuse = mayReuseToken(publishes ? 'POST' : 'GET', aud, target, services.config)
  const sign = (did: string, session?: string | null) => {
    const input = { aud, lxm, session, evenTakendown: false, publishes }
    return tokensOf(services.account(did), input, mayReuse)
  }
  if (as === 'nobody') return undefined
  if (as === 'host') throw new AuthRequiredError('Other services know this host by no key')
  if (as !== 'caller') return sign(as)
  const caller = auth as UserCredentials | undefined
  if (caller?.type !== 'session' && caller?.type !== 'oauth') return undefined
  assertMayRequest(caller.scope, lxm)
  assertMayCall(caller, [lxm], `${aud}#${id}`)
  return sign(caller.did, caller.session)
}

function queryOf(params: object | undefined): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined) query.append(name, String(one))
    }
  }
  return query.size > 0 ? `?${query}` : ''
}

async function read(nsid: string, response: Response, maxBytes: number): Promise<unknown> {
  const def = lexicons().getDef(nsid) as LexXrpcQuery | undefined
  const isJson = /^application\/(?:[\w.-]+\+)?json\b/i.test(
    response.headers.get('content-type') ?? '',
  )
  // Bytes, which whoever called reads as they come.
  if (response.ok && !isJson && response.body) return response
  const tooLarge = () => new UpstreamFailureError(`more than ${maxBytes} bytes`, 'UpstreamFailure')
  const raw = response.body ? await readWhole(response.body, maxBytes, tooLarge) : new Uint8Array()
  if (raw.byteLength === 0 && response.ok) return undefined
  let json: unknown
  try {
    json = JSON.parse(decompress(Buffer.from(raw), response.headers, maxBytes).toString('utf8'))
    if (response.ok) {
      const value = jsonToLex(json as never)
      if (def?.output?.schema) lexicons().assertValidXrpcOutput(nsid, value)
      return value
    }
  } catch (cause) {
    const message = `the answer to ${nsid} is not what its lexicon says`
    throw new UpstreamFailureError(message, 'UpstreamFailure', { cause })
  }
  const { error, message } = json as { error?: string; message?: string }
  throw new XRPCError(response.status, message, error)
}
