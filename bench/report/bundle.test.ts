import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { bundleSize } from './bundle.ts'

const folder = mkdtempSync(join(tmpdir(), 'bundle-size-'))
afterAll(() => rmSync(folder, { recursive: true }))

const write = (name: string, code: string): number => {
  writeFileSync(join(folder, name), code)
  return gzipSync(code).byteLength / 1024
}

test('what the entry imports is loaded at the start, what it imports later and text is not', () => {
  const entry = write(
    'worker.js',
    'import{a}from"./a.js";import"./side.mjs";import t from "./0a-page.html.txt";const later=()=>import("./later.js")',
  )
  const a = write('a.js', 'export const a = 1; export * from "./worker.js"')
  const side = write('side.mjs', 'import "node:fs"')
  const text = write('0a-page.html.txt', '<p>import "./unused.js"</p>')
  const later = write('later.js', 'import { b } from "./b.js"; import { a } from "./a.js"')
  const b = write('b.js', 'export const b = 2')
  write('unused.js', 'nobody imports this')
  const { core, all } = bundleSize(join(folder, 'worker.js'))
  expect(core).toBeCloseTo(entry + a + side)
  expect(all).toBeCloseTo(entry + a + side + text + later + b)
})

test('a module that is imported later first, and then at the start, is loaded at the start', () => {
  const entry = write('first.js', 'import("./x.js"); import "./y.js"')
  const x = write('x.js', 'export const x = 1')
  const y = write('y.js', 'import "./x.js"')
  expect(bundleSize(join(folder, 'first.js')).core).toBeCloseTo(entry + x + y)
})
