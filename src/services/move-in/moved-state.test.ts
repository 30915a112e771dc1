import { expect, test } from 'vitest'
import { pdsService } from '../identity/plc-operation.ts'
import { movedState } from './moved-state.ts'

const now = {
  rotationKeys: ['did:key:mine', 'did:key:old-recovery', 'did:key:old'],
  verificationMethods: { atproto: 'did:key:before', labeler: 'did:key:labels' },
  alsoKnownAs: ['at://alice.old.example', 'https://alice.example'],
  services: {
    atproto_pds: pdsService('https://old.example'),
    chat: { type: 'Chat', endpoint: 'https://chat.example' },
  },
}

const home = {
  leaving: ['did:key:old-recovery', 'did:key:old'],
  recoveryKey: undefined,
  hostKeys: ['did:key:new-recovery', 'did:key:new'],
  alias: 'at://alice.new.example',
  verificationMethods: { atproto: 'did:key:after' },
  services: { atproto_pds: pdsService('https://new.example') },
}

test('the owner keeps what is theirs, above what is the new host’s; what was the old host’s goes', () => {
  expect(movedState(now, home)).toEqual({
    rotationKeys: ['did:key:mine', 'did:key:new-recovery', 'did:key:new'],
    verificationMethods: { atproto: 'did:key:after', labeler: 'did:key:labels' },
    alsoKnownAs: ['at://alice.new.example', 'https://alice.example'],
    services: { atproto_pds: pdsService('https://new.example'), chat: now.services.chat },
  })
})

test('a recovery key that is given stands first, once', () => {
  const { rotationKeys } = movedState(now, { ...home, recoveryKey: 'did:key:mine' })
  expect(rotationKeys).toEqual(['did:key:mine', 'did:key:new-recovery', 'did:key:new'])
  const first = movedState(now, { ...home, recoveryKey: 'did:key:safe' }).rotationKeys
  expect(first.slice(0, 2)).toEqual(['did:key:safe', 'did:key:mine'])
})

test('more keys than a did:plc may have are refused', () => {
  const many = ['a', 'b', 'c', 'd'].map((name) => `did:key:${name}`)
  expect(() => movedState({ ...now, rotationKeys: many }, home)).toThrow('may have 5')
})
