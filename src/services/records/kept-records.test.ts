import { expect, test } from 'vitest'
import { AnswerState, holds } from '../../kernel/answer-state.ts'
import { KeptRecords } from './kept-records.ts'

test('an answer holds until the object changes', () => {
  const object = new AnswerState('a')
  const other = new AnswerState('b')
  const [first, second] = [object.current(), other.current()]
  expect(object.current()).toBe(first)
  expect([holds(first), holds(second)]).toEqual([true, true])
  object.changed()
  expect([holds(first), holds(second)]).toEqual([false, true])
  expect(object.current()).not.toBe(first)
})

test('what an object answered does not hold for the next of the same id', () => {
  const before = new AnswerState('c').current()
  const after = new AnswerState('c')
  expect(holds(before)).toBe(false)
  const now = after.current()
  after.changed()
  expect([holds(before), holds(now)]).toEqual([false, false])
})

test('a number that was never given holds for nobody', () => {
  expect([0, 1, -1, Number.NaN, new AnswerState('d').current() + 1].map(holds)).not.toContain(true)
})

test('records are kept while they hold, the newest of them, up to a size', () => {
  const object = new AnswerState('e')
  const state = object.current()
  const kept = new KeptRecords()
  const json = 'x'.repeat(60_000)
  for (let n = 0; n < 150; n++) kept.put(`${n}`, { json, cid: 'cid', state })
  const count = () => Array.from({ length: 150 }, (_, n) => kept.get(`${n}`)).filter(Boolean).length
  // What is beside a text counts too.
  expect(count()).toBe(Math.floor((6 * 1024 * 1024) / 60_125))
  expect(kept.get('149')).toBeDefined()
  kept.put('large', { json: 'x'.repeat(70_000), cid: 'cid', state })
  expect(kept.get('large')).toBeUndefined()
  object.changed()
  expect(count()).toBe(0)
  kept.put('late', { json, cid: 'cid', state })
  expect(kept.get('late')).toBeUndefined()
  // All of them gave their room back.
  const again = object.current()
  for (let n = 0; n < 104; n++) kept.put(`${n}`, { json, cid: 'cid', state: again })
  expect(count()).toBe(104)
})

test('what has a character beyond Latin counts twice, and of short records fewer are kept than their texts have room for', () => {
  const state = new AnswerState('f').current()
  const countOf = (json: string, many: number) => {
    const kept = new KeptRecords()
    const keys = Array.from({ length: many }, (_, n) => `key ${n}`)
    for (const key of keys) kept.put(key, { json, cid: 'cid', state })
    return keys.filter((key) => kept.get(key)).length
  }
  expect(countOf(`${'x'.repeat(59_999)}字`, 150)).toBe(Math.floor((6 * 1024 * 1024) / 120_130))
  expect(countOf('{}', 60_000)).toBeLessThan((6 * 1024 * 1024) / 120)
})
