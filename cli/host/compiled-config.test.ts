import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { COMPILED_CONFIG, CONFIG, compileConfig } from './compiled-config.ts'
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

test('a configuration has its modules in it, and its text is its owner’s only; what an earlier release compiled is gone', async () => {
  const folder = dataFolder()
  writeFileSync(join(folder, COMPILED_CONFIG), 'of an earlier release')
  const compiled = await compileConfig(workerdBinary(), folder, WORKER)
  expect(compiled.toString('latin1')).toContain('what is embedded')
  expect(readFileSync(join(folder, CONFIG), 'utf8')).toBe(WORKER)
  expect(statSync(join(folder, CONFIG)).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder).sort()).toEqual(['main.js', CONFIG])
})

test('what workerd does not understand is said in its words', async () => {
  await expect(
    compileConfig(workerdBinary(), dataFolder(), `${WORKER}nonsense`),
  ).rejects.toMatchObject({
    stderr: expect.any(Buffer),
    message: expect.stringContaining('Parse error'),
  })
})
