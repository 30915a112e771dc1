import { expect, test } from 'vitest'
import { directoryInWords, logInWords } from '../../../src/web/divisions.ts'
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

const NOW = 1_800_000_000_000
const MINUTE = 60_000
const copy = (more: object = {}) => ({
  ...{ names: 30, bytes: 1e6, answers: true, complete: true, lag: { changes: 0 } },
  ...more,
})

/** What the checks find, by their names. */
async function examine(status: object) {
  const host = {
    ...{ now: NOW, firehose: {}, directory: { bytes: 1e6, shards: [copy(), copy()] } },
    ...{ activity: { events: { hour: 0, day: 0 }, bytes: 1e6 }, accounts: { all: 20 } },
    logLimit: 4 * 1024 ** 3,
    ...status,
  }
  const found: Record<string, string[]> = {}
  for (const { id, run } of logChecks) {
    const findings = await run({ status: host } as never, undefined as never)
    if (findings.length > 0) found[id] = findings.map(({ what }) => what)
  }
  return found
}

test('a host whose objects are small and keep up has nothing to mend', async () => {
  expect(await examine({})).toEqual({})
  expect(await examine({ directory: undefined })).toEqual({})
  // One that nobody asks may be behind until it looks by itself.
  const lag = { changes: 9, since: NOW - 50 * MINUTE }
  const copying = { looked: 400, at: NOW - MINUTE }
  const shards = [copy({ lag }), copy({ complete: false, copying })]
  expect(await examine({ directory: { bytes: 1e6, shards } })).toEqual({})
})

test('objects that are nearly full are named, on Cloudflare', async () => {
  const directory = { bytes: 7.5e9, shards: [copy(), copy({ bytes: 9e9 })] }
  const log = logOf(0, 0)
  const firehose = { log: { ...log, shards: [{ ...log.shards[0], bytes: 8e9 }, log.shards[1]] } }
  expect(await examine({ directory, firehose })).toEqual({
    'division-size': [
      'Object 1 of 2 of the log has 8 GB, 80 % of 10 GB.',
      'Object 2 of 2 of the directory has 9 GB, 90 % of 10 GB.',
      'The directory has 7.5 GB, 75 % of 10 GB, which to divide it does not change.',
    ],
  })
  expect(await examine({ directory, firehose, freeBytes: 1e12 })).toEqual({})
})

test('one object that keeps the log is named when it is nearly full, and when events go before their time', async () => {
  const limited = (bytes: number, logLimit: number) =>
    examine({ activity: { events: { hour: 0, day: 0 }, bytes }, logLimit })
  expect(await limited(8e9, 9e9)).toEqual({
    'division-size': ['Object 1 of 1 of the log has 8 GB, 80 % of 10 GB.'],
  })
  expect(Object.keys(await limited(4e9, 4.1e9))).toEqual(['division-wanted'])
  expect(await limited(3e9, 4.1e9)).toEqual({})
})

test('a change that does not go on is said, and so is a copy that does not keep up', async () => {
  const shards = [
    copy({ complete: false, copying: { looked: 4_000, at: NOW - 30 * MINUTE } }),
    copy({ lag: { changes: 12, since: NOW - 200 * MINUTE } }),
    copy({ answers: false }),
  ]
  const change = { shards: 4, left: 900, since: NOW - 90 * MINUTE }
  const firehose = { log: { ...logOf(0), changes: true, change } }
  expect(await examine({ directory: { bytes: 1e6, shards }, firehose })).toEqual({
    'division-stalls': [
      'The log is being divided among 4 objects for 90 minutes: 900 accounts are still to be handed over.',
      'Object 1 of 3 of the directory has copied 4,000 accounts, and none for 30 minutes.',
      'Object 2 of 3 of the directory is 12 changes of accounts behind, the oldest made 200 minutes ago.',
      'Object 3 of 3 of the directory does not answer.',
    ],
  })
})

test('a host that is large enough is told which settings it wants, unless it has them or is on one machine', async () => {
  const large = {
    accounts: { all: 1_000_000 },
    activity: { events: { hour: 0, day: 30_000_000 }, bytes: 4e9 },
  }
  const one = { directory: { bytes: 400e6, shards: [] } }
  expect(await examine({ ...large, ...one })).toEqual({
    'division-wanted': [
      'One object keeps the log, 4 GB, and takes 347 events per second on average: PDS_LOG_SHARDS=4 or more.',
      'One object answers for 1,000,000 accounts who they are: PDS_DIRECTORY_SHARDS=4.',
    ],
  })
  expect(await examine({ ...large, firehose: { log: logOf(0, 0) } })).toEqual({})
  expect(await examine({ ...large, ...one, freeBytes: 1e12 })).toEqual({})
})

test('the status says how large the directory and its objects are, how far they are filled, and how far behind', () => {
  expect(directoryInWords({ bytes: 2e6, shards: [] }, 20)).toBe('2 MB in 1 object')
  const shards = [
    copy({ lag: { changes: 3, since: 1 } }),
    copy({ complete: false, copying: { looked: 500, at: 1 } }),
  ]
  expect(directoryInWords({ bytes: 2e9, shards }, 1_000, true)).toBe(
    '2 GB, shared by 1 MB, 1 MB in 2 objects, the largest 0 % of 10 GB; 60 names; ' +
      '1 of them being filled, the last of them 50 % of all accounts; up to 3 changes behind',
  )
})

test('while the log is divided anew, the status says how many accounts are left', () => {
  const change = { shards: 4, left: 900 }
  expect(logInWords({ ...logOf(0, 0), changes: true, change })).toMatch(
    /; being divided among 4 objects: 900 accounts still to be handed over$/,
  )
})
