import { expect, test } from 'vitest'
import { contrast, distinctFrom, parseHexColor, readableOn } from './color.ts'

test.each([
  ['#abc', '#aabbcc'],
  ['#8338EC', '#8338ec'],
  ['#abcd', undefined],
  ['red', undefined],
  ['rgb(1,2,3)', undefined],
  ['#fff;}', undefined],
])('%s is read as %s', (text, color) => {
  expect(parseHexColor(text)).toBe(color)
})

test('contrast is that of WCAG', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21)
  expect(contrast('#767676', '#ffffff')).toBeCloseTo(4.54, 2)
  expect(readableOn('#ffe000')).toBe('#000000')
  expect(readableOn('#8338ec')).toBe('#ffffff')
})

test('what can be told from its background stays as it is; else it is moved until it can', () => {
  expect(distinctFrom('#ffffff', '#0b5394', 4.5)).toBe('#0b5394')
  for (const background of ['#ffffff', '#1d1d24', '#8338ec'] as const) {
    for (const color of ['#ffff00', '#000000', '#ffffff', '#777777'] as const) {
      const moved = distinctFrom(background, color, 4.5)
      expect(contrast(moved, background), `${color} on ${background}`).toBeGreaterThanOrEqual(4.5)
    }
  }
})
