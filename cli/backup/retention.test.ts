/** Which runs are kept, and that nothing goes which a kept one refers to. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BackupFiles } from '../../src/services/backup/files.ts'
import {
  type AccountIndex,
  type DatedName,
  datedName,
  datedNames,
  FOLDERS,
  FORMAT,
  filesOf,
  type Manifest,
} from '../../src/services/backup/format.ts'
import { prune, runsToKeep } from '../../src/services/backup/retention.ts'
import { FolderStore } from './store/folder.ts'

const HASH = 'a'.repeat(64)

/** Runs at these times, the newest first. */
const runsAt = (...times: string[]): DatedName[] =>
  datedNames(times.map((at) => datedName(FOLDERS.manifests, at, HASH)))

const keptOf = (runs: DatedName[], daily: number, weekly: number, monthly: number) =>
  runsToKeep(runs, { daily, weekly, monthly }).map(({ at }) => at.slice(0, 16))

test('of each day, week and month that counts the newest run is kept', () => {
  const runs = runsAt(
    '2026-11-26T20:00:00.000Z',
    '2026-11-26T08:00:00.000Z',
    '2026-11-25T20:00:00.000Z',
    // A Sunday, and the Monday after it.
    '2026-11-22T20:00:00.000Z',
    '2026-11-23T20:00:00.000Z',
    '2026-10-31T20:00:00.000Z',
    '2026-10-01T20:00:00.000Z',
    '2025-12-24T20:00:00.000Z',
  )
  expect(keptOf(runs, 0, 0, 0)).toEqual(['2026-11-26T20:00'])
  expect(keptOf(runs, 2, 0, 0)).toEqual(['2026-11-26T20:00', '2026-11-25T20:00'])
  expect(keptOf(runs, 0, 2, 0)).toEqual(['2026-11-26T20:00', '2026-11-22T20:00'])
  expect(keptOf(runs, 0, 0, 3)).toEqual([
    '2026-11-26T20:00',
    '2026-10-31T20:00',
    '2025-12-24T20:00',
  ])
})

test('days without a run do not count, so that a machine that was off loses nothing', () => {
  const runs = runsAt('2026-11-26T20:00:00.000Z', '2026-09-01T20:00:00.000Z')
  expect(keptOf(runs, 2, 0, 0)).toHaveLength(2)
})

test('whatever is kept, all that it refers to stays, and nothing else does', async () => {
  const run = fc.record({
    hour: fc.nat(24 * 90),
    accounts: fc.uniqueArray(fc.nat(4), { minLength: 1 }),
    blobs: fc.uniqueArray(fc.nat(6)),
    version: fc.nat(2),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(run, { selector: ({ hour }) => hour, minLength: 1, maxLength: 6 }),
      fc.nat(3),
      fc.nat(2),
      async (runs, daily, weekly) => {
        const store = await FolderStore.open(mkdtempSync(join(tmpdir(), 'cumulus-')))
        const files = new BackupFiles(store)
        const stored = new Map<string, { manifest: Manifest; indexes: AccountIndex[] }>()
        for (const { hour, accounts, blobs, version } of runs) {
          const at = new Date(Date.UTC(2026, 8, 1, hour)).toISOString()
          const made = await makeRun(files, at, accounts, blobs, version)
          stored.set(made.name, made)
        }
        const all = datedNames(stored.keys())
        const retention = { daily, weekly, monthly: 0 }
        await prune(files, [all], retention)
        const kept = runsToKeep(all, retention)
        const names = [...(await store.list(FOLDERS.manifests)).keys()]
        expect(names.sort()).toEqual(kept.map(({ name }) => name).sort())
        const expected = new Set(
          kept.flatMap(({ name }) => {
            const { manifest, indexes = [] } = stored.get(name) ?? {}
            return manifest ? [...filesOf(manifest, indexes)] : []
          }),
        )
        const there = [
          ...(await store.list(FOLDERS.objects)).keys(),
          ...(await store.list(FOLDERS.blobs)).keys(),
        ]
        expect(there.sort()).toEqual([...expected].sort())
        await store.close()
      },
    ),
    { numRuns: 8, seed: 20261126 },
  )
})

async function makeRun(
  files: BackupFiles,
  at: string,
  accounts: number[],
  blobs: number[],
  version: number,
) {
  const indexes: AccountIndex[] = []
  const entries: Manifest['accounts'] = []
  for (const n of accounts) {
    const car = await files.addObject([Buffer.from(`repository ${n} ${version}`)])
    const rows = await files.addObject([Buffer.from(`rows ${n}`)])
    const index: AccountIndex = {
      did: `did:web:${n}.test`,
      handle: `${n}.test`,
      status: 'active',
      repository: { head: 'bafyreihead', rev: '', records: 0, parts: [{ ...car, since: null }] },
      blobs: blobs.map((b) => ({ cid: `bafkreib${b}`, size: 1, type: 'text/plain' })),
      missingBlobs: 0,
      rows: { ...rows, digest: rows.sha256 },
    }
    for (const { cid } of index.blobs) {
      await files.write(`blobs/${cid.slice(-2)}/${cid}`, await files.keep([Buffer.from(cid)]))
    }
    indexes.push(index)
    const stored = await files.addObject([Buffer.from(JSON.stringify(index))])
    entries.push({ did: index.did, handle: index.handle, index: stored })
  }
  const manifest: Manifest = {
    format: FORMAT,
    createdAt: at,
    kind: 'host',
    host: { hostname: '', publicUrl: '', keyFingerprint: '' },
    accounts: entries,
    failed: [],
    objects: { directory: await files.addObject([Buffer.from(`directory ${at}`)]) },
    seq: 0,
    secrets: null,
    root: {},
  }
  const kept = await files.keep([Buffer.from(JSON.stringify(manifest))])
  const name = datedName(FOLDERS.manifests, at, kept.sha256)
  await files.write(name, kept)
  return { name, manifest, indexes }
}
