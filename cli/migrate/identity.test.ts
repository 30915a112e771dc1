import { expect, test } from 'vitest'
import { MoveError } from './errors.ts'
import { safeOrigin, stateAt } from './identity.ts'

const service = (endpoint: string) => ({ type: 'AtprotoPersonalDataServer', endpoint })
const now = {
  rotationKeys: ['did:key:own', 'did:key:old-recovery', 'did:key:old'],
  verificationMethods: { atproto: 'did:key:signs-there', atproto_label: 'did:key:labels' },
  alsoKnownAs: ['at://alice.old.test', 'https://alice.example.com'],
  services: {
    atproto_pds: service('https://old.test'),
    atproto_labeler: { type: 'AtprotoLabeler', endpoint: 'https://labels.example.com' },
  },
}
const recommended = {
  rotationKeys: ['did:key:new'],
  alsoKnownAs: ['at://alice.new.test'],
  verificationMethods: { atproto: 'did:key:signs-here' },
  services: { atproto_pds: service('https://new.test') },
}
const oldKeys = ['did:key:old-recovery', 'did:key:old']

test('the old host’s keys go, what is the person’s stays, and the new host’s come last', () => {
  const recoveryKey = 'did:key:recovery'
  const handle = 'alice.new.test'
  expect(stateAt(now, recommended, oldKeys, { recoveryKey, handle })).toEqual({
    rotationKeys: ['did:key:recovery', 'did:key:own', 'did:key:new'],
    verificationMethods: { atproto: 'did:key:signs-here', atproto_label: 'did:key:labels' },
    alsoKnownAs: ['at://alice.new.test', 'https://alice.example.com'],
    services: { ...now.services, atproto_pds: service('https://new.test') },
  })
})

test('a recovery key that is there already moves to the front', () => {
  const keys = { ...now, rotationKeys: ['did:key:own', 'did:key:other', 'did:key:old'] }
  const { rotationKeys } = stateAt(keys, recommended, oldKeys, {
    recoveryKey: 'did:key:other',
    handle: 'alice.new.test',
  })
  expect(rotationKeys).toEqual(['did:key:other', 'did:key:own', 'did:key:new'])
})

test('more keys than an identity may have are refused, not dropped', () => {
  const keys = { ...now, rotationKeys: ['1', '2', '3', '4', '5'].map((n) => `did:key:${n}`) }
  const options = { handle: 'alice.new.test' }
  expect(() => stateAt(keys, recommended, oldKeys, options)).toThrow(MoveError)
})

test('passwords go by https, or stay on this machine', () => {
  expect(safeOrigin('pds.example.com')).toBe('https://pds.example.com')
  expect(safeOrigin('http://localhost:2583/')).toBe('http://localhost:2583')
  expect(() => safeOrigin('http://pds.example.com')).toThrow('no host to send a password to')
  expect(() => safeOrigin('file:///etc/passwd')).toThrow('no host to send a password to')
})
