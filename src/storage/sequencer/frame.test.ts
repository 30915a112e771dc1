import { encode } from '@atproto/lex-cbor'
import { decodeCid } from '@atproto/lex-data'
import { Frame, MessageFrame } from '@atproto/xrpc-server'
import { expect, test } from 'vitest'
import { cidOf } from '../../kernel/cbor/cid.ts'
import {
  accountEvent,
  commitEvent,
  identityEvent,
  syncEvent,
  type UnnumberedEvent,
} from '../account/events.ts'
import { toFrame } from './frame.ts'

const did = 'did:web:a.test'
const cid = decodeCid(cidOf(new Uint8Array([1])))
const ops = [
  { action: 'create' as const, path: 'a.b.c/d', cid },
  { action: 'delete' as const, path: 'a.b.c/seq', cid: null, prev: cid },
]
const blocks = new Uint8Array([0x63, 0x73, 0x65, 0x71, 0x00])
const commit = { repo: did, commit: cid, rev: '3l2s5poxi422p', since: null, blocks, ops }

test.each<[string, UnnumberedEvent]>([
  ['#identity', identityEvent(did, 'a.test')],
  ['#account', accountEvent(did, true)],
  ['#account', accountEvent(did, false, 'takendown')],
  ['#sync', syncEvent(did, '3l2s5poxi422p', blocks)],
  ['#commit', commitEvent(commit)],
  ['#commit', commitEvent({ ...commit, since: '3l2s5poxi422o', prevData: cid })],
])('a numbered %s is the frame that @atproto/xrpc-server makes', (type, event) => {
  for (const seq of [1, 23, 24, 255, 256, 65_536, 2 ** 32, 2 ** 53 - 1]) {
    const frame = toFrame(event, seq)
    const parsed = Frame.fromBytes(frame) as MessageFrame<Record<string, never>>
    expect(parsed.type).toBe(type)
    expect(parsed.body).toMatchObject({ seq })
    expect(new Uint8Array(frame)).toEqual(
      new Uint8Array(new MessageFrame(parsed.body, { type }).toBytes()),
    )
    expect(encode(parsed.body).byteLength).toBeLessThan(frame.byteLength)
  }
})
