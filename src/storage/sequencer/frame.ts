import { ui8Concat } from '@atproto/lex-data'
import { encode } from '../../kernel/cbor/encode.ts'
import type { EventKind, UnnumberedEvent } from '../account/events.ts'

const headers = new Map<EventKind, Uint8Array>()

/** The event stream frame of a numbered event: header and body (event stream specification, Framing). */
export function toFrame({ kind, body, seqAt }: UnnumberedEvent, seq: number): Uint8Array {
  let header = headers.get(kind)
  if (!header) {
    header = encode({ op: 1, t: kind })
    headers.set(kind, header)
  }
  return ui8Concat([header, body.subarray(0, seqAt), encode(seq), body.subarray(seqAt + 1)])
}
