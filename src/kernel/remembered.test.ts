import { expect, test } from 'vitest'
import { remembered } from './remembered.ts'

/** A function that says which texts it was asked about. */
function counting() {
  const asked: string[] = []
  const lengthOf = remembered((text) => {
    asked.push(text)
    return text.length
  })
  return { asked, lengthOf }
}

test('the same text is worked out once', () => {
  const { asked, lengthOf } = counting()
  expect([lengthOf('one'), lengthOf('three'), lengthOf('one')]).toEqual([3, 5, 3])
  expect(asked).toEqual(['one', 'three'])
})

test('strangers cannot make it keep more and more', () => {
  const { asked, lengthOf } = counting()
  lengthOf('first')
  for (let at = 0; at < 1_000; at++) lengthOf(`text ${at}`)
  lengthOf('first')
  expect(asked.filter((text) => text === 'first')).toHaveLength(2)
  const long = 'x'.repeat(101)
  lengthOf(long)
  lengthOf(long)
  expect(asked.filter((text) => text === long)).toHaveLength(2)
})
