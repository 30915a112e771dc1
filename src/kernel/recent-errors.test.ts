/** The last errors are few and short, whatever is logged. */
import { expect, test, vi } from 'vitest'
import { createLogger } from './log.ts'
import { recentErrors } from './recent-errors.ts'

test('the newest twenty are kept, repeats as one, long texts cut', () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const log = createLogger({})
  for (let n = 0; n < 50; n++) log.error(`failure ${n}`, new Error('x'.repeat(5000)))
  log.error('again', new TypeError('twice'))
  log.error('again', new TypeError('twice'))
  const errors = recentErrors()
  expect(errors).toHaveLength(20)
  expect(errors[0]).toMatchObject({ message: 'again', error: 'TypeError: twice', times: 2 })
  expect(errors[1]).toMatchObject({ message: 'failure 49', times: 1 })
  expect(errors[1]?.error).toHaveLength(200)
})
