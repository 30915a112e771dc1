import { expect, test } from 'vitest'
import { Turns } from './turns.ts'

test('each gets a turn of its own, in order, and what comes meanwhile has its own between them', async () => {
  const turns = new Turns()
  const seen: string[] = []
  const asking = ['a', 'b', 'c'].map((name) => turns.next().then(() => seen.push(name)))
  const between = scheduler.wait(0).then(() => seen.push('request'))
  await Promise.all([...asking, between])
  expect(seen.filter((name) => name !== 'request')).toEqual(['a', 'b', 'c'])
  expect(seen.indexOf('request')).toBeLessThan(2)
})
