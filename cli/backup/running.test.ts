/** What is known of other runs to the same place. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { BackupFiles } from '../../src/services/backup/files.ts'
import { FOLDERS } from '../../src/services/backup/format.ts'
import type { BackupStore } from '../../src/services/backup/store.ts'
import { RunningMark } from './running.ts'
import { FolderStore } from './store/folder.ts'

function failed(this: Readable): void {
  this.destroy(new Error('connection reset'))
}

/** The files of a backup, and what reads them over a connection that breaks. */
async function openFiles() {
  const store = await FolderStore.open(mkdtempSync(join(tmpdir(), 'cumulus-')))
  const broken: BackupStore = {
    name: store.name,
    keep: (source) => store.keep(source),
    list: (folder) => store.list(folder),
    read: async () => new Readable({ read: failed }),
    write: (name, file) => store.write(name, file),
    remove: (...names) => store.remove(...names),
    close: () => store.close(),
  }
  return { store, files: new BackupFiles(store), broken: new BackupFiles(broken) }
}

test('a run whose mark did not arrive counts as under way: its mark stays', async () => {
  const { store, files, broken } = await openFiles()
  await RunningMark.begin(files, '2026-11-26T20:00:00.000Z', 'first')
  await expect(RunningMark.begin(broken, '2026-11-26T20:01:00.000Z', 'second')).rejects.toThrow(
    'connection reset',
  )
  expect([...(await store.list(FOLDERS.running)).keys()]).toEqual([`${FOLDERS.running}/first.json`])
  await store.close()
})

test('what is no mark is removed', async () => {
  const { store, files } = await openFiles()
  await store.write(`${FOLDERS.running}/torn.json`, await files.keep([Buffer.from('{"startedAt"')]))
  await RunningMark.begin(files, '2026-11-26T20:00:00.000Z', 'first')
  expect([...(await store.list(FOLDERS.running)).keys()]).toEqual([`${FOLDERS.running}/first.json`])
  await store.close()
})
