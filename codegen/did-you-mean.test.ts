import { expect, test } from 'vitest'
import { closest, didYouMean, editDistance } from './did-you-mean.ts'

test('a swap of neighbouring letters counts as one slip', () => {
  expect(editDistance('strnig', 'string')).toBe(1)
  expect(editDistance('', 'abc')).toBe(3)
  expect(editDistance('kitten', 'sitting')).toBe(3)
})

test('the nearest candidate is suggested', () => {
  expect(closest('strng', ['array', 'string', 'object'])).toBe('string')
  expect(didYouMean('getRecrod', ['getRecord', 'getRepo'])).toBe(' - did you mean "getRecord"?')
})

test('upper and lower case hardly count', () => {
  expect(closest('GETRECORD', ['getRecord', 'putRecord'])).toBe('getRecord')
})

test('nothing is suggested when nothing is near', () => {
  expect(didYouMean('banana', ['string', 'object'])).toBe('')
})

test('very long names, and very many, are not compared', () => {
  expect(closest('a'.repeat(65), ['a'.repeat(65)])).toBeUndefined()
  const many = Array.from({ length: 500 }, (_, n) => `zzzzzzz${n}`)
  expect(closest('post', [...many, 'posts'])).toBeUndefined()
})
