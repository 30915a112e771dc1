import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test('help that goes into a file or another program has no colours in it', () => {
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'cli.ts'), '--help'],
    { encoding: 'utf8' },
  )
  expect(stdout).toContain('USAGE npm run bench --')
  expect(stdout).not.toContain('\u001b')
  expect(status).toBe(0)
})
