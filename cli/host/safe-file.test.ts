/** Files with secrets: whole or not at all, and never more than one. */
import { execFile } from 'node:child_process'
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { createFileSafely, writeFileSafely } from './safe-file.ts'

const emptyFolder = () => mkdtempSync(join(tmpdir(), 'cumulus-'))

test('a link stays one, also where it leads to nothing yet', () => {
  const [folder, etc] = [emptyFolder(), emptyFolder()]
  symlinkSync(join(etc, 'pds.env'), join(folder, 'pds.env'))
  for (const text of ['one', 'two']) {
    writeFileSafely(join(folder, 'pds.env'), text)
    expect(lstatSync(join(folder, 'pds.env')).isSymbolicLink()).toBe(true)
    expect(readFileSync(join(etc, 'pds.env'), 'utf8')).toBe(text)
  }
  expect(statSync(join(etc, 'pds.env')).mode & 0o777).toBe(0o600)
})

test('a write that fails leaves no copy behind, and one that was killed is cleared away by the next', () => {
  const folder = emptyFolder()
  const path = join(folder, 'secrets.json')
  expect(() => writeFileSafely(folder, 'x')).toThrow('EISDIR')
  expect(readdirSync(folder)).toEqual([])
  const gone = `${path}.999999999.0123456789ab.tmp`
  const [alive, other] = [`${path}.${process.pid}.0123456789ab.tmp`, `${path}.tmp`]
  for (const file of [gone, alive, other]) writeFileSync(file, 'secret')
  writeFileSafely(path, 'x')
  expect(readdirSync(folder).sort()).toEqual(
    ['secrets.json', ...[alive, other].map((file) => file.slice(folder.length + 1))].sort(),
  )
})

test('of processes that create a file at once, one does, and all find what it wrote', async () => {
  const path = join(emptyFolder(), 'secrets.json')
  const module = JSON.stringify(join(import.meta.dirname, 'safe-file.ts'))
  const script = `import { createFileSafely } from ${module}; import { readFileSync } from 'node:fs'
    console.log(createFileSafely(${JSON.stringify(path)}, String(process.pid)), readFileSync(${JSON.stringify(path)}, 'utf8'))`
  const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script])
  const outcomes = (await Promise.all(Array.from({ length: 6 }, run))).map(({ stdout }) =>
    stdout.trim().split(' '),
  )
  expect(outcomes.filter(([isNew]) => isNew === 'true')).toHaveLength(1)
  expect(new Set(outcomes.map(([, text]) => text)).size).toBe(1)
  expect(createFileSafely(path, 'other')).toBe(false)
})
