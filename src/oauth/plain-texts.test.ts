import { expect, test } from 'vitest'
import { plainTexts } from './plain-texts.ts'

test('texts keep what they say, in any script, and nothing that hides it', () => {
  const shown = { title: 'Read\u202e posts\u0000', details: ['خانه\u200cها 👩\u200d💻', 7, null] }
  expect(plainTexts(shown)).toEqual({
    title: 'Read  posts ',
    details: ['خانه\u200cها 👩\u200d💻', 7, null],
  })
})
