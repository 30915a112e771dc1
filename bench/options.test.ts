import { expect, test } from 'vitest'
import { parsePace, parsePort, parseRows, parseSizes, wants } from './options.ts'

test('a row is wanted by its name, or by what comes before the dash', () => {
  const options = { only: parseRows('getRecord,createAccount-4') }
  expect(wants(options, 'getRecord')).toBe(true)
  expect(wants(options, 'getRecord-16')).toBe(true)
  expect(wants(options, 'createAccount-4')).toBe(true)
  expect(wants(options, 'createAccount')).toBe(false)
  expect(wants({ only: [] }, 'proxy')).toBe(true)
  expect(() => parseRows('getRecrod')).toThrow('there is no row "getRecrod"')
})

test('sizes are read with their units, ascending and once', () => {
  expect(parseSizes('sizes', '10k, 1k,1M,1000', 200)).toEqual([1000, 10_000, 1_000_000])
  for (const list of ['10', '1g', '', '-1k']) {
    expect(() => parseSizes('sizes', list, 200), list).toThrow('is not a size of 200 or more')
  }
})

test('the seconds of a row are those of the fewest rounds together', () => {
  expect(parsePace('3', '5', false)).toEqual({ seconds: 0.5, least: 6, most: 16, spread: 0.05 })
  const { seconds, least } = parsePace('1', '5', true)
  expect(seconds * least).toBeCloseTo(1)
  expect(() => parsePace('0', '5', false)).toThrow('not a time')
  expect(() => parsePace('3', 'x', false)).toThrow('no percentage')
})

test('a port is a number that there is', () => {
  expect(parsePort(undefined)).toBeUndefined()
  expect(parsePort('2582')).toBe(2582)
  for (const text of ['0', '65536', 'x', '1.5']) expect(() => parsePort(text)).toThrow('no port')
})
