import { expect, test } from 'vitest'
import { pdsService } from '../../src/services/identity/plc-operation.ts'
import { MoveError } from './errors.ts'
import { safeOrigin, stateAt } from './identity.ts'

const now = {
  rotationKeys: ['did:key:own', 'did:key:old'],
  verificationMethods: { atproto: 'did:key:signs-there' },
  alsoKnownAs: ['at://alice.old.test'],
  services: { atproto_pds: pdsService('https://old.test') },
}
const recommended = {
  rotationKeys: ['did:key:new'],
  verificationMethods: { atproto: 'did:key:signs-here' },
  services: { atproto_pds: pdsService('https://new.test') },
}

test('an identity becomes what the new host recommends, and stays its owner’s', () => {
  const options = { recoveryKey: 'did:key:recovery', handle: 'alice.new.test' }
  expect(stateAt(now, recommended, ['did:key:old'], options)).toEqual({
    rotationKeys: ['did:key:recovery', 'did:key:own', 'did:key:new'],
    verificationMethods: { atproto: 'did:key:signs-here' },
    alsoKnownAs: ['at://alice.new.test'],
    services: { atproto_pds: pdsService('https://new.test') },
  })
})

test('more keys than an identity may have are refused, not dropped', () => {
  const rotationKeys = ['1', '2', '3', '4', '5'].map((n) => `did:key:${n}`)
  const options = { handle: 'alice.new.test' }
  expect(() => stateAt({ ...now, rotationKeys }, recommended, [], options)).toThrow(MoveError)
})

test('passwords go by https, or stay on this machine', () => {
  expect(safeOrigin('pds.example.com')).toBe('https://pds.example.com')
  expect(safeOrigin('http://localhost:2583/')).toBe('http://localhost:2583')
  expect(() => safeOrigin('http://pds.example.com')).toThrow('no host to send a password to')
  expect(() => safeOrigin('file:///etc/passwd')).toThrow('no host to send a password to')
})
