/**
 * Frames of event streams and how their encoding is agreed on: event stream specification, and, for `xrpc.v1.*`, atproto
 * proposal 0015, a draft.
 */
import { lexToIpld, lexToJson } from '@atproto/lexicon'
import { encode } from './encode.ts'

const SUBPROTOCOLS = ['xrpc.v0.cbor', 'xrpc.v1.json', 'xrpc.v1.cbor'] as const

/** How messages come: `v0` in two objects of CBOR, a header and a body; `v1` in one object. */
export type Subprotocol = (typeof SUBPROTOCOLS)[number]

/** One message of a WebSocket. */
export type StreamFrame = string | Uint8Array

/** What was agreed on. */
export interface Negotiated {
  protocol: Subprotocol
  /** For the header `sec-websocket-protocol` of the answer; absent: the client asked for none that is known. */
  echo?: Subprotocol
}

/**
 * @param offered the header `sec-websocket-protocol` of the request: the best first
 * @param declared `subprotocol` of the lexicon
 */
export function negotiate(offered: string | null, declared?: unknown): Negotiated {
  for (const token of (offered ?? '').split(',')) {
    const found = asSubprotocol(token.trim())
    if (found) return { protocol: found, echo: found }
  }
  return { protocol: asSubprotocol(declared) ?? 'xrpc.v0.cbor' }
}

const asSubprotocol = (name: unknown): Subprotocol | undefined =>
  SUBPROTOCOLS.find((known) => known === name)

/**
 * The frame of a message.
 *
 * @param nsid of the subscription
 * @param message its `$type` may be a definition of the same lexicon, `#rated`
 * @throws UnencodableError, TypeError
 */
export function messageFrame(
  protocol: Subprotocol,
  nsid: string,
  { $type, ...body }: { $type: string },
): StreamFrame {
  const full = $type.startsWith('#') ? `${nsid}${$type}` : $type
  if (protocol !== 'xrpc.v0.cbor') {
    return single(protocol, { $type: 'message', payload: { $type: full, ...body } })
  }
  const t = full.startsWith(`${nsid}#`) ? full.slice(nsid.length) : full
  return joined({ op: 1, t }, body)
}

/** The frame that a stream ends with. @param error without a `#` */
export function errorFrame(protocol: Subprotocol, error: string, message?: string): StreamFrame {
  const body = { error, ...(message !== undefined && { message }) }
  return protocol === 'xrpc.v0.cbor'
    ? joined({ op: -1 }, body)
    : single(protocol, { $type: 'error', ...body })
}

const single = (protocol: Subprotocol, value: object): StreamFrame =>
  protocol === 'xrpc.v1.json'
    ? JSON.stringify(lexToJson(value as never))
    : encode(lexToIpld(value as never) as never)

function joined(header: object, body: object): Uint8Array<ArrayBuffer> {
  const [first, second] = [encode(header as never), encode(lexToIpld(body as never) as never)]
  const frame = new Uint8Array(first.byteLength + second.byteLength)
  frame.set(first)
  frame.set(second, first.byteLength)
  return frame
}

/** Bytes on the wire. */
export const frameSize = (frame: StreamFrame): number =>
  typeof frame === 'string' ? Buffer.byteLength(frame) : frame.byteLength
