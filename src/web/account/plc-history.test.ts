import { expect, test } from 'vitest'
import type { PlcLogEntry } from '../../services/identity/plc.ts'
import type { PlcState } from '../../services/identity/plc-operation.ts'
import { historyOf } from './plc-history.ts'

const FIRST: PlcState = {
  rotationKeys: ['did:key:zHost'],
  verificationMethods: { atproto: 'did:key:zSigning' },
  alsoKnownAs: ['at://alice.test'],
  services: { atproto_pds: { type: 'AtprotoPersonalDataServer', endpoint: 'https://here.test' } },
}

/** A log of the states, each with what it changes. */
function saidOf(...changes: (Partial<PlcState> & { nullified?: boolean })[]): string[] {
  let state = FIRST
  const entries = [{}, ...changes].map((change): PlcLogEntry => {
    const { nullified = false, ...rest } = change as (typeof changes)[number]
    const next = { ...state, ...rest }
    if (!nullified) state = next
    const operation = { type: 'plc_operation' as const, ...next, prev: null, sig: '' }
    return { cid: '', operation, nullified, createdAt: '2026-01-01T00:00:00.000Z' }
  })
  return historyOf(entries)
    .slice(1)
    .map(({ said }) => said.join(' '))
}

test('an identity begins with a handle, a host and keys', () => {
  expect(historyOf([])).toEqual([])
  expect(saidOf()).toEqual([])
})

test.each<[string, Partial<PlcState>, string]>([
  [
    'a handle',
    { alsoKnownAs: ['at://bob.test'] },
    'The handle changed from @alice.test to @bob.test.',
  ],
  [
    'a host',
    { services: { atproto_pds: { type: 'x', endpoint: 'https://there.test' } } },
    'The account moved from https://here.test to https://there.test.',
  ],
  [
    'a signing key',
    { verificationMethods: { atproto: 'did:key:zOther' } },
    'The key that signs posts was exchanged.',
  ],
  [
    'a rotation key in another’s place',
    { rotationKeys: ['did:key:zMine'] },
    'The rotation key did:key:zMine was added. The rotation key did:key:zHost was removed.',
  ],
  [
    'something unknown',
    { services: { ...FIRST.services, other: { type: 'x', endpoint: 'y' } } },
    'Something else was changed.',
  ],
])('%s that changes is told', (_, change, said) => {
  expect(saidOf(change)).toEqual([said])
})

test('an order that changes is told, and what was undone is no change for what follows', () => {
  const keys = ['did:key:zMine', 'did:key:zHost']
  expect(saidOf({ rotationKeys: keys }, { rotationKeys: keys.toReversed() }).at(-1)).toBe(
    'The order of the rotation keys changed.',
  )
  const [undone, after] = saidOf(
    { alsoKnownAs: ['at://thief.test'], nullified: true },
    { alsoKnownAs: ['at://bob.test'] },
  )
  expect(undone).toContain('@thief.test')
  expect(after).toBe('The handle changed from @alice.test to @bob.test.')
})

test('a tombstone ends it', () => {
  const operation = { type: 'plc_tombstone' as const, prev: 'x', sig: '' }
  const entry = { cid: '', operation, nullified: false, createdAt: '' }
  expect(historyOf([entry])[0]?.said).toEqual(['The identity was ended.'])
})
