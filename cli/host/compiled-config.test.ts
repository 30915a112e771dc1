import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { COMPILED_CONFIG, CONFIG, writeConfig } from './compiled-config.ts'
import { workerdBinary } from './workerd.ts'

const WORKER = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = (
  compatibilityDate = "2026-11-01", modules = [(name = "main", esModule = embed "main.js")]))]);
`

function dataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cumulus-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'main.js'), 'export default {} // what is embedded')
  return folder
}

test('a configuration has its modules in it, is its owner’s only, and is not written over the one before', async () => {
  const folder = dataFolder()
  const compiled = await writeConfig(workerdBinary(), folder, WORKER)
  expect(compiled).toBe(join(folder, COMPILED_CONFIG))
  expect(readFileSync(compiled, 'latin1')).toContain('what is embedded')
  expect(statSync(compiled).mode & 0o777).toBe(0o600)
  const before = readFileSync(compiled)
  // As a workerd that was left behind has it.
  const opened = openSync(compiled, 'r')
  onTestFinished(() => closeSync(opened))
  writeFileSync(join(folder, 'main.js'), 'export default {} // something else')
  await writeConfig(workerdBinary(), folder, WORKER)
  expect(readFileSync(compiled, 'latin1')).toContain('something else')
  expect(readFileSync(opened)).toEqual(before)
  expect(readdirSync(folder).sort()).toEqual(['main.js', CONFIG, COMPILED_CONFIG])
})

test('what workerd does not understand is said in its words, and the one before stays', async () => {
  const folder = dataFolder()
  const compiled = await writeConfig(workerdBinary(), folder, WORKER)
  const before = readFileSync(compiled)
  await expect(writeConfig(workerdBinary(), folder, `${WORKER}nonsense`)).rejects.toMatchObject({
    stderr: expect.any(Buffer),
    message: expect.stringContaining('Parse error'),
  })
  expect(readFileSync(compiled)).toEqual(before)
})
