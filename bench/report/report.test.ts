import { describe, expect, test } from 'vitest'
import type { Server } from '../servers/server.ts'
import { outcomeOf } from './aims.ts'
import { Report } from './report.ts'
import { number, percent, table } from './text.ts'

const server = (kind: Server['kind'], name: string): Server => ({
  kind,
  name,
  start: () => Promise.reject(new Error('not to be started')),
})

const figure = (value: number) => ({ value, spread: 0.04, rounds: 6 })

describe('an aim', () => {
  const least = { comparison: '≥', target: 6 } as const
  const most = { comparison: '≤', target: 0.3 } as const

  test('is met, or missed by so much of it', () => {
    expect(outcomeOf({ value: 6, aim: least })).toBe('met')
    expect(outcomeOf({ value: 4.5, aim: least })).toBe('missed by 25 %')
    expect(outcomeOf({ value: 0.3, aim: most })).toBe('met')
    expect(outcomeOf({ value: 0.36, aim: most })).toBe('missed by 20 %')
  })

  test('that is missed by less than half a percent is missed all the same', () => {
    expect(outcomeOf({ value: 5.999, aim: least })).toBe('missed by 1 %')
  })
})

test('each server has its own aim, and the table says how all came out', () => {
  const report = new Report(['cumulus'])
  const aim = { reference: 6, peer: 3 }
  report.compare('createRecord', server('reference', 'reference'), figure(4.5), aim)
  report.compare('createRecord', server('foreign', 'cirrus'), figure(3.1), aim)
  report.compare('createRecord', server('checkout', 'other'), figure(1.01), aim)
  report.aims.cost('createRecord', 2.5, 0.8)
  report.check('start', '≤', 0.3, 0.24, 's')
  expect(report.aims.count).toEqual({ all: 3, missed: 1 })
  expect(report.text()).toContain(
    [
      'Aims: 2 of 3 met',
      '                cumulus     aim       × reference      ±  aim                  × cirrus      ±  aim       × other      ±  aim    CPU, ms  floor',
      '  createRecord                               4.50  4.0 %  ≥ 6  missed by 25 %      3.10  4.0 %  ≥ 3  met     1.01  4.0 %            2.50   0.80',
      '  start          0.24 s  ≤ 0.30  met',
    ].join('\n'),
  )
})

test('without another server the table says that there are no aims, and what a request costs', () => {
  const report = new Report(['cumulus'])
  report.aims.cost('createRecord', 2.02, 0.51)
  expect(report.text()).toContain('\nCPU of each; without another server these rows have no aims\n')
  expect(report.text()).not.toContain('0 of 0')
})

test('what could not be measured has no aim to miss', () => {
  const report = new Report([])
  report.check('start', '≤', 0.3, undefined, 's')
  report.check('start', '≤', 0.3, Number.NaN, 's')
  report.compare('getRecord', server('reference', 'reference'), figure(Number.NaN), {
    reference: 6,
  })
  expect(report.aims.count).toEqual({ all: 0, missed: 0 })
  expect(report.text()).not.toContain('Aims')
})

test('a part that fails is told of, and the others go on', async () => {
  const report = new Report([])
  const addLine = report.table('Servers', ['', 'a'])
  await report.attempt('start', () => Promise.reject(new Error('no port')))
  await report.attempt('bundle', async () => addLine(['bundle', 5]))
  expect(report.failures).toEqual(['start: no port'])
  expect(report.text()).toContain('bundle  5\n\nfailed: start: no port')
})

test('figures have the three digits that count', () => {
  expect([1234.5, 123.4, 12.34, 1.234, 0.012, -20.04, 7].map(number)).toEqual([
    ...['1,235', '123', '12.3', '1.23', '0.01', '-20.0', '7'],
  ])
  expect([0.034, 0.25, Number.NaN].map(percent)).toEqual(['3.4 %', '25 %', undefined])
})

test('in a table what is missing is a dash', () => {
  const lines = [
    ['getRecord', 12.34, undefined],
    ['start', Number.NaN, 'x'],
  ]
  expect(table(['', 'a', 'b'], lines)).toBe(
    ['                a  b', '  getRecord  12.3  –', '  start         –  x'].join('\n'),
  )
})
