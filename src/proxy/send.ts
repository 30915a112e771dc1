/** One exchange with another service: a request out, an answer back, both as streams, within limits. */

import { XRPCError } from '@atproto/xrpc-server'
import { checkAddress } from '../kernel/net/address.ts'
import { copyStream, PIECE } from '../kernel/net/copy-stream.ts'
import { NetworkError } from '../kernel/net/network-error.ts'
import { lengthOf, pipe } from './body.ts'
import { responseHeaders } from './headers.ts'
import { IdleTimeout } from './idle-timeout.ts'
import type { ProxyServices } from './services.ts'
import type { Target } from './target.ts'
import { type Authorize, noteTokensUsedUp } from './token-reuse.ts'
import { errorAnswer, timedOut, unreachable, unusable } from './upstream-error.ts'

/** A request to be sent. */
export interface Outgoing {
  method: string
  /** Path and query, with the slash. */
  path: string
  /** Of this request alone: the token is added to them. */
  headers: Headers
  body?: ReadableStream<Uint8Array> | string | null
  /** Bytes of a streamed body, if they are known. */
  length?: number
  /**
   * The token of one attempt. Services may refuse one that they have seen, so that it is asked for a new one where
   * the one before was shown to the service already, and was refused.
   */
  authorize?: Authorize
}

type Parts = Pick<ProxyServices, 'config' | 'log' | 'network'>

/** Answers that services gave; nobody here vouches that they are what the lexicon says. */
const forwarded = new WeakSet<Response>()

/** Whether a response is another service's answer, passed on. */
export const isForwarded = (response: Response): boolean => forwarded.has(response)

/**
 * Sends a request and passes the answer on as it arrives, compressed if it is. An answer with a status of
 * 400 or more is read and told in XRPC's words. Redirects are not followed.
 *
 * @throws XRPCError 502 `UpstreamFailure`, 504 `UpstreamTimeout`; what `authorize` throws
 */
export async function send(outgoing: Outgoing, target: Target, services: Parts): Promise<Response> {
  const { maxResponseSize, bodyTimeout } = services.config.proxyLimits
  const { response, timeout } = await attempt(outgoing, target, services)
  const { status, headers, body } = response
  timeout.restart(bodyTimeout)
  const refuse = async (message: string) => {
    timeout.stop()
    await body?.cancel()
    throw unusable(message)
  }
  if (status >= 300 && status < 400) return refuse('Upstream service answered with a redirect')
  if (status >= 400) return pass(await errorAnswer(response).finally(() => timeout.stop()))
  const length = lengthOf(headers)
  if (length !== undefined && length > maxResponseSize) return refuse('Upstream answer too large')
  const picked = responseHeaders(headers, true)
  const init = { status, headers: picked, encodeBody: 'manual' } as const
  if (!body) {
    timeout.stop()
    if (length !== undefined) picked.set('content-length', String(length))
    return pass(new Response(null, init))
  }
  if (length !== undefined && length <= PIECE) {
    const bytes = await readWhole(response, timeout)
    return pass(new Response(bytes, init))
  }
  const { readable, writable } = pipe(length)
  let received = 0
  const look = (bytes: number) => {
    timeout.progress()
    received += bytes
    if (received > maxResponseSize) throw unusable('Upstream answer too large')
  }
  copyStream(body, writable, look)
    .catch((error: unknown) => {
      void body.cancel(error).catch(() => {})
      services.log.info('forwarded answer broke off', {
        service: target.did,
        reason: String(error),
      })
    })
    .finally(() => timeout.stop())
  return pass(new Response(readable, init))
}

/** An answer of one piece: to read it is cheaper than a stream, and what goes wrong can still be told. */
async function readWhole(response: Response, timeout: IdleTimeout): Promise<ArrayBuffer> {
  try {
    return await response.arrayBuffer()
  } catch (cause) {
    throw timeout.isOver ? timedOut(cause) : unreachable(cause)
  } finally {
    timeout.stop()
  }
}

/** Marks an answer as the other service's, for those who rebuild one that they have read. */
export function pass(response: Response): Response {
  forwarded.add(response)
  return response
}

/** Sends the request; once more, with a new token, where it was refused with one that the service had seen. */
async function attempt(outgoing: Outgoing, target: Target, services: Parts) {
  const first = await reach(outgoing, target, services, { anew: false })
  const { response, timeout, isReused } = first
  if (response.status !== 401 || !isReused) return first
  timeout.stop()
  await response.body?.cancel()
  const second = await reach(outgoing, target, services, { anew: true })
  if (second.response.status !== 401) noteTokensUsedUp(target, services.log)
  return second
}

/** Sends the request; once more if it can do no harm and the connection broke before there was an answer. */
async function reach(
  outgoing: Outgoing,
  target: Target,
  services: Parts,
  demand: { anew: boolean },
) {
  try {
    return await exchange(outgoing, target, services, demand)
  } catch (error) {
    if (!(error instanceof BrokenConnection) || !isSafe(outgoing))
      throw toXrpcError(error, target, services)
  }
  try {
    return await exchange(outgoing, target, services, { anew: true })
  } catch (error) {
    throw toXrpcError(error, target, services)
  }
}

/** The connection could not be made, or broke before there was an answer. */
class BrokenConnection extends Error {
  override name = 'BrokenConnection'
}

const isSafe = ({ method }: Outgoing) => method === 'GET' || method === 'HEAD'

async function exchange(
  outgoing: Outgoing,
  target: Target,
  { config, network }: Parts,
  demand: { anew: boolean },
) {
  const url = addressOf(target, config.reachPrivate) + outgoing.path
  const { headers } = outgoing
  const shown = await outgoing.authorize?.(demand)
  if (shown) headers.set('authorization', `Bearer ${shown.token}`)
  const { headersTimeout, maxRequestSize } = config.proxyLimits
  if ((outgoing.length ?? 0) > maxRequestSize) throw requestTooLarge(maxRequestSize)
  const timeout = new IdleTimeout(headersTimeout)
  const { signal } = timeout
  const sent = { bytes: 0 }
  try {
    const send = target.byOperator ? network.operator : network.public
    const response = await send(url, {
      method: outgoing.method,
      headers,
      body: upload(outgoing, timeout, sent, maxRequestSize),
      redirect: 'manual',
      signal,
      encodeResponseBody: 'manual',
    })
    return { response, timeout, isReused: shown?.isReused ?? false }
  } catch (cause) {
    timeout.stop()
    if (timeout.isOver) throw timedOut(signal.reason)
    if (sent.bytes > maxRequestSize) throw requestTooLarge(maxRequestSize)
    throw new BrokenConnection('no connection', { cause })
  }
}

/** @throws NetworkError `refused-address` when the service's DID document leads to where nobody may go */
function addressOf({ url, byOperator }: Target, reachPrivate: boolean): string {
  return byOperator ? url : checkAddress(url, reachPrivate).origin
}

/** The body to send; while it is on its way nobody can expect an answer. */
function upload(
  { body, length }: Outgoing,
  timeout: IdleTimeout,
  sent: { bytes: number },
  maxBytes: number,
) {
  if (!body || typeof body === 'string') return body
  const { readable, writable } = pipe(length)
  const look = (bytes: number) => {
    timeout.progress()
    sent.bytes += bytes
    if (sent.bytes > maxBytes) throw requestTooLarge(maxBytes)
  }
  // What goes wrong here is seen by whoever reads: the request fails.
  copyStream(body, writable, look).catch(() => {})
  return readable
}

const requestTooLarge = (max: number) =>
  new XRPCError(413, `request entity too large: the limit is ${max} bytes`, 'PayloadTooLarge')

function toXrpcError(error: unknown, { did }: Target, { log }: Parts): unknown {
  if (error instanceof NetworkError || error instanceof BrokenConnection) {
    log.error('upstream unreachable', error, { service: did })
    return unreachable(error)
  }
  return error
}
