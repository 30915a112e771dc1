import { expect, test } from 'vitest'
import { logInWords } from '../../status/words.ts'
import { logChecks } from './log-shards.ts'

const logOf = (...waiting: number[]) => ({
  shards: waiting.map((each) => ({ bytes: 2_000_000, waiting: each, answers: true })),
  changes: false,
})
const find = async (log: ReturnType<typeof logOf> | undefined) =>
  logChecks[0]?.run({ status: { firehose: { log } } } as never, undefined as never)

test('an object of the log whose events are not taken is named, and no other', async () => {
  expect(await find(logOf(12, 20_000, 0))).toEqual([
    { what: 'Object 2 of 3 has 20,000 events without numbers.' },
  ])
})

test('an object of the log that does not answer is named', async () => {
  const { shards, changes } = logOf(0, 0)
  const log = { shards: shards.map((one, at) => ({ ...one, answers: at === 0 })), changes }
  expect(await find(log)).toEqual([{ what: 'Object 2 of 2 does not answer.' }])
})

test('a host with one log, or whose events are taken, has nothing to mend', async () => {
  expect(await find(undefined)).toEqual([])
  expect(await find(logOf(500, 0))).toEqual([])
})

test('the status says how large each is, what waits, and whether the log is divided anew', () => {
  expect(logInWords(logOf(0, 0))).toMatch(/^2\S* MB, 2\S* MB in 2 objects$/)
  expect(logInWords({ ...logOf(3, 0), changes: true })).toMatch(
    /; 3 events wait; being divided anew$/,
  )
})
