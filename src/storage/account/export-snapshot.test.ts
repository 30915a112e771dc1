/** How long an export may keep what is replaced meanwhile. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type AccountParts, record, withAccount } from '../../testing/account-parts.ts'
import type { ExportTimeLimits } from './export-snapshot.ts'

const collection = 'com.example.note'

/** ms. Exports are looked at four times within it; whether it is over, the clock says. */
const LIMIT = 50

// The time does not go on by itself.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

const pass = (ms: number) => vi.setSystemTime(Date.now() + ms)

const put = ({ repo, key, profile }: AccountParts, rkey: string, text: string) =>
  repo.write(profile.get().did, key, {
    writes: [{ action: 'put', collection, rkey, record: record(text) }],
  })

/** An account with a large record, so that an export takes several reads; its exports have these limits. */
const withExports = (
  limits: ExportTimeLimits,
  work: (parts: AccountParts) => Promise<void>,
): Promise<void> =>
  withAccount(
    async (parts) => {
      for (const rkey of 'abcdef') put(parts, rkey, rkey.repeat(300_000))
      await work(parts)
    },
    { exportLimits: limits },
  )

const exported = ({ repo }: AccountParts) => repo.export().getReader()

const keptRows = ({ sql }: AccountParts) =>
  sql.exec<{ count: number }>('SELECT count(*) AS count FROM snapshot_record').one().count

test('an export that nobody reads ends, and what it kept is deleted', () =>
  withExports({ idle: LIMIT, total: 60_000 }, async (parts) => {
    const reader = exported(parts)
    await reader.read()
    put(parts, 'a', 'new')
    expect(keptRows(parts)).toBe(1)
    pass(LIMIT)
    await expect(reader.closed).rejects.toThrow('took too long')
    expect(keptRows(parts)).toBe(0)
    put(parts, 'b', 'new')
    expect(keptRows(parts)).toBe(0)
  }))

test('an export that is read slowly ends when its time is over', () =>
  withExports({ idle: 60_000, total: LIMIT }, async (parts) => {
    const reader = exported(parts)
    await reader.read()
    put(parts, 'a', 'new')
    pass(LIMIT)
    await expect(reader.closed).rejects.toThrow('took too long')
    expect(keptRows(parts)).toBe(0)
  }))

test('one export that lapses takes nothing from another', () =>
  withExports({ idle: LIMIT, total: 60_000 }, async (parts) => {
    const stalled = exported(parts)
    await stalled.read()
    const lapsed = stalled.closed.catch(() => undefined)
    // The other one is read once while the first one waits.
    pass(LIMIT - 1)
    const reader = exported(parts)
    let bytes = (await reader.read()).value?.byteLength ?? 0
    put(parts, 'f', 'new')
    pass(1)
    await lapsed
    expect(keptRows(parts)).toBe(1)
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      bytes += read.value.byteLength
    }
    expect(bytes).toBeGreaterThan(1_800_000)
    expect(keptRows(parts)).toBe(0)
  }))
