import { expect, test } from 'vitest'
import { RotationKeys } from './rotation-keys.ts'

const keys = new RotationKeys({
  plcRotationKey: '11'.repeat(32),
  otherPlcRotationKey: '22'.repeat(32),
})
const [next = '', former = ''] = keys.all().map((key) => key.did())

test('the next key stands where the one before stood, and all others stay in their order', () => {
  expect(keys.replaceIn(['did:key:a', former, 'did:key:b'])).toEqual([
    'did:key:a',
    next,
    'did:key:b',
  ])
  expect(keys.replaceIn([next, 'did:key:a', former])).toEqual([next, 'did:key:a'])
  expect(keys.replaceIn(['did:key:a'])).toEqual(['did:key:a'])
})

test('an identity is changed with the key that it names, the strongest of two', () => {
  expect(keys.oneOf(['did:key:a', former]).did()).toBe(former)
  expect(keys.oneOf([next]).did()).toBe(next)
  expect(keys.oneOf([former, next]).did()).toBe(former)
  expect(keys.oneOf(['did:key:a']).did()).toBe(next)
})

test('a host with one key replaces nothing', () => {
  const one = new RotationKeys({ plcRotationKey: '11'.repeat(32) })
  expect(one.replaceIn([former, 'did:key:a', former])).toEqual([former, 'did:key:a', former])
})
