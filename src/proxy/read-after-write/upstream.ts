/** Asks the AppView, in the caller's name, and reads what it says. */

import { jsonToLex } from '@atproto/lexicon'
import { MethodNotImplementedError } from '@atproto/xrpc-server'
import type { UserCredentials } from '../../context/credentials.ts'
import { lexicons } from '../../kernel/lexicons.ts'
import { findSetting } from '../../routing/settings.ts'
import { decompress } from '../decompress.ts'
import { requestHeaders } from '../headers.ts'
import { assertMayCall } from '../permission.ts'
import { send } from '../send.ts'
import type { ProxyServices } from '../services.ts'
import { type Fallback, findTarget, type Target } from '../target.ts'
import { mayReuseToken, tokensOf } from '../token-reuse.ts'
import { readableOnly } from './accept-encoding.ts'

/** A request of a caller who is signed in; `auth` is still to be checked by the account's object. */
export interface Reading {
  auth: UserCredentials
  request: Request
  services: ProxyServices
}

/**
 * A further question to the same service, in the caller's name.
 *
 * @returns the answer, or undefined when the service refuses
 * @throws XRPCError when it cannot be asked; Error when the answer cannot be read
 */
export type Ask = (
  nsid: string,
  query: readonly [name: string, value: string][],
) => Promise<Record<string, unknown> | undefined>

export interface Upstream {
  response: Response
  /** Where the caller's repository was when the service was asked. */
  localRev: string
  /** The earliest rev of the caller's that is of this host. */
  firstRev: string
  ask: Ask
}

/** A larger answer is not parsed, in bytes, decompressed: its objects would take many times as much. */
const MAX_PARSED = 5 * 1024 * 1024

/**
 * Sends the request on as the proxy does: to the service that its header names, the operator's setting, or
 * the AppView.
 *
 * @throws what `forward` does (src/proxy/forward.ts)
 */
export async function callUpstream(
  nsid: string,
  { auth, request, services }: Reading,
  fallback: Fallback | 'refuse' = 'appview',
): Promise<Upstream> {
  const { did, session } = auth
  const account = services.account(did)
  const target = await targetOf(nsid, request, fallback, services).catch(async (error: unknown) => {
    // Nobody is asked, so the account has not been either: that the session is over comes first.
    await account.sessions.authorize(session, false)
    throw error
  })
  assertMayCall(auth, [nsid], `${target.did}#${target.id}`)
  const headers = () => {
    const picked = requestHeaders(request.headers, false)
    picked.set('accept-encoding', readableOnly(request.headers.get('accept-encoding')))
    return picked
  }
  const { method, url } = request
  const mayReuse = mayReuseToken(method, target.did, target, services.config)
  const tokenFor = (lxm: string) =>
    tokensOf(account, { aud: target.did, lxm, session, evenTakendown: false }, mayReuse)
  const tokens = tokenFor(nsid)
  let localRev = ''
  let firstRev = ''
  const authorize = async (demand: { anew: boolean }) => {
    const made = await tokens(demand)
    localRev = made.rev
    firstRev = made.firstRev
    return made
  }
  const at = url.indexOf('?')
  const path = `/xrpc/${nsid}${at < 0 ? '' : url.slice(at)}`
  const response = await send({ method, path, headers: headers(), authorize }, target, services)
  return {
    response,
    localRev,
    firstRev,
    async ask(other, query) {
      const path = `/xrpc/${other}?${new URLSearchParams(query.map(([...pair]) => pair))}`
      const answer = await send(
        { method: 'GET', path, headers: headers(), authorize: tokenFor(other) },
        target,
        services,
      )
      const body = await readBody(answer)
      return answer.ok ? (parse(body, answer.headers) as Record<string, unknown>) : undefined
    },
  }
}

/** The whole body as it came. @throws Error when it broke off */
export const readBody = async (response: Response): Promise<Buffer> =>
  Buffer.from(await response.arrayBuffer())

/** @throws Error unless it is an answer that the method's lexicon allows */
export function parseAnswer(nsid: string, body: Buffer, headers: Headers): unknown {
  const answer = parse(body, headers)
  lexicons().assertValidXrpcOutput(nsid, jsonToLex(answer as never))
  return answer
}

function parse(body: Buffer, headers: Headers): unknown {
  return JSON.parse(decompress(body, headers, MAX_PARSED).toString('utf8'))
}

async function targetOf(
  nsid: string,
  request: Request,
  fallback: Fallback | 'refuse',
  services: ProxyServices,
): Promise<Target> {
  const to = findSetting(nsid, services.config.proxyRoutes)?.to ?? fallback
  if (to === 'refuse' && !request.headers.has('atproto-proxy')) {
    throw new MethodNotImplementedError(`${nsid} is not implemented on this host`)
  }
  return findTarget(request, nsid, to === 'refuse' ? undefined : to, services)
}
