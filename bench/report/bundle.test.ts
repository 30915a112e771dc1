import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { bundleSize } from './bundle.ts'

const folder = mkdtempSync(join(tmpdir(), 'bundle-size-'))
afterAll(() => rmSync(folder, { recursive: true }))

const write = (name: string, code: string): string => {
  writeFileSync(join(folder, name), code)
  return code
}
const kib = (...code: string[]): number => gzipSync(code.join('')).byteLength / 1024

test('what the entry imports is loaded at the start, what it imports later is not, and text is no code', () => {
  const entry = write(
    'worker.js',
    'import{a}from"./a.js";import"./side.mjs";import t from "./0a-page.txt";const later=()=>import(`./later.js`)',
  )
  const a = write('a.js', 'export const a = 1; export * from "./worker.js"')
  const side = write('side.mjs', 'import "node:fs"')
  write('0a-page.txt', '<p>import "./unused.js"</p>')
  const later = write('later.js', 'import { b } from "./b.js"; import { a } from "./a.js"')
  const b = write('b.js', 'export const b = 2')
  write('unused.js', 'nobody imports this')
  const { core, all } = bundleSize(join(folder, 'worker.js'))
  expect(core).toBe(kib(entry, a, side))
  expect(all).toBe(kib(entry, a, side, later, b))
})

test('a module that is imported later first, and then at the start, is loaded at the start', () => {
  const entry = write('first.js', 'import("./x.js"); import "./y.js"')
  const x = write('x.js', 'export const x = 1')
  const y = write('y.js', 'import "./x.js"')
  expect(bundleSize(join(folder, 'first.js')).core).toBe(kib(entry, y, x))
})
