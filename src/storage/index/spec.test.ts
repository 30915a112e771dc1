import { isDatetimeStringLenient } from '@atproto/syntax'
import { expect, test } from 'vitest'
import { toKey } from './spec.ts'

test('datetimes are compared by the time that they say, in every year that validation lets pass', () => {
  const times = [
    '0000-01-01T00:00:00+02:00',
    '0000-01-01T00:00:00+01:00',
    '0000-01-01T00:00:00Z',
    '1969-12-31T23:59:59.999999Z',
    '1985-04-12T23:20:50.1235678912345Z',
    '1985-04-12T23:20:50.124Z',
    '9999-12-31T23:59:59Z',
    '9999-12-31T23:59:59-01:00',
    '9999-12-31T23:59:59-02:00',
  ]
  expect(times.filter((time) => !isDatetimeStringLenient(time))).toEqual([])
  const keys = times.map((time) => String(toKey('datetime', time)))
  expect(keys.toSorted()).toEqual(keys)
  expect(new Set(keys).size).toBe(times.length)
})

test('a time is the same in every spelling; what is none has no key', () => {
  const spellings = ['2026-01-01T12:00:00Z', '2026-01-01T13:00:00.0000+01:00']
  expect(new Set(spellings.map((time) => toKey('datetime', time)))).toEqual(
    new Set(['2026-01-01T12:00:00.000Z']),
  )
  for (const none of ['2016-12-31T23:59:60Z', '20160101T000000Z', 'soon', 5]) {
    expect(toKey('datetime', none)).toBeNull()
  }
})
