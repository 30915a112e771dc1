/** The project, and copies of it in which tests may change and make what they want. */
import { cpSync, mkdtempSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const PROJECT = fileURLToPath(new URL('../..', import.meta.url))

const COPIED = [
  'biome.json',
  'cli',
  'codegen',
  'lexicons',
  'package.json',
  'package-lock.json',
  'src',
  'template',
  'tsconfig.json',
  'vitest.config.mts',
  'wrangler.toml',
]

/** @returns the folder of the copy, with the same packages */
export function copyProject(): string {
  const copy = mkdtempSync(join(tmpdir(), 'cumulus-copy-'))
  for (const name of COPIED) cpSync(join(PROJECT, name), join(copy, name), { recursive: true })
  symlinkSync(join(PROJECT, 'node_modules'), join(copy, 'node_modules'))
  return copy
}
