import { expect, test } from 'vitest'
import type { MoveState } from './state.ts'
import { summaryOf } from './summary.ts'

const moved = (target: string, targetDid: string): MoveState => ({
  version: 1,
  account: 'alice.example.com',
  offline: false,
  did: 'did:plc:abcdefghijklmnopqrstuvwx',
  source: 'https://old.example.com',
  target,
  targetDid,
  oldHandle: 'alice.example.com',
  handle: 'alice.example.com',
  steps: {},
  lostBlobs: {},
  tokens: {},
})

test.each([
  // On the machine of the host, where its name may be left out.
  ['http://127.0.0.1:2583', 'did:web:pds.example.com', 'https://pds.example.com'],
  ['http://127.0.0.1:2583', 'did:web:localhost', 'http://127.0.0.1:2583'],
  ['https://pds.example.com', 'did:web:service.example.com', 'https://pds.example.com'],
])('who moved to %s (%s) signs in at %s', (target, targetDid, address) => {
  expect(summaryOf(moved(target, targetDid)).left[0]).toContain(`apps again, at ${address}.`)
})
