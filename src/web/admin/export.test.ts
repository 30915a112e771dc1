import { expect, test } from 'vitest'
import type { DirectoryClient } from '../../services/objects/stubs.ts'
import type { AuditEntry } from '../../storage/directory/audit.ts'
import { exportLines } from './pages/audit.ts'

const COUNT = 1_234

const entry = (id: number): AuditEntry => ({
  id,
  at: id,
  actor: 'admin',
  action: 'console.test',
  subject: null,
  account: null,
  detail: '{"note":"a\\nb"}',
  network: 'here',
  outcome: null,
  endedAt: null,
})

test('the file has a line for each entry, and entries are read only as fast as it is', async () => {
  let asked = 0
  const list = async (_: object, limit: number, before = COUNT + 1) => {
    asked++
    const ids = Array.from({ length: limit }, (__, n) => before - 1 - n).filter((id) => id > 0)
    return ids.map(entry)
  }
  const directory = () => ({ audit: { list } }) as unknown as DirectoryClient
  const reader = exportLines(directory, {}).getReader()
  await reader.read()
  await scheduler.wait(0)
  // What was read, and at most one piece more.
  expect(asked).toBeLessThanOrEqual(2)
  reader.releaseLock()
  const text = await new Response(exportLines(directory, {})).text()
  const lines = text.trimEnd().split('\n')
  expect(lines).toHaveLength(COUNT)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    id: COUNT,
    at: '1970-01-01T00:00:01.234Z',
    detail: { note: 'a\nb' },
  })
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ id: 1 })
})
