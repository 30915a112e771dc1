/** A backup in which somebody else has written whatever they like. */
import { mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { manifestsOf, readIndex, readManifest } from '../../src/services/backup/catalog.ts'
import { readConfig } from '../../src/services/backup/config.ts'
import { DamagedFileError } from '../../src/services/backup/errors.ts'
import { BackupFiles } from '../../src/services/backup/files.ts'
import { datedName, FOLDERS, FORMAT, type Manifest } from '../../src/services/backup/format.ts'
import { prune } from '../../src/services/backup/retention.ts'
import { parseJson } from '../../src/services/backup/shape.ts'
import { HostClient } from './host-client.ts'
import { unpack } from './open-backup.ts'
import { RunningMark } from './running.ts'
import { parseHostSecrets } from './secrets.ts'
import { FolderStore } from './store/folder.ts'

const HASH = 'a'.repeat(64)
const FILE = { sha256: HASH, size: 1 }
const AT = '2026-11-26T20:00:00.000Z'
const DID = 'did:web:alice.test'

const manifest: Manifest = {
  format: FORMAT,
  createdAt: AT,
  kind: 'host',
  host: { hostname: 'pds.test', publicUrl: 'https://pds.test', keyFingerprint: 'f' },
  accounts: [{ did: DID, handle: 'alice.test', index: FILE }],
  failed: [],
  objects: { directory: FILE },
  seq: 1,
  secrets: null,
  root: { 'cumulus-backup.json': FILE },
}

const index = {
  did: DID,
  handle: 'alice.test',
  status: 'active',
  repository: { head: 'bafyreihead', rev: 'r', records: 1, parts: [{ ...FILE, since: null }] },
  blobs: [{ cid: 'bafkreiblob', size: 1, type: 'text/plain' }],
  missingBlobs: 0,
  rows: { ...FILE, digest: HASH },
}

const OUTSIDE = '../../../../etc/passwd'
const outside = { sha256: OUTSIDE, size: 1 }

async function open() {
  const root = mkdtempSync(join(tmpdir(), 'cumulus-'))
  const store = await FolderStore.open(root)
  const files = new BackupFiles(store)
  const keep = async (value: unknown) => files.keep([Buffer.from(JSON.stringify(value))])
  return {
    root,
    store,
    files,
    addObject: async (value: unknown) => files.addKept(await keep(value)),
    addManifest: async (value: unknown) => {
      const kept = await keep(value)
      await files.write(datedName(FOLDERS.manifests, AT, kept.sha256), kept)
    },
  }
}

test.each([
  ['nothing', null],
  ['a list', []],
  ['a format of another kind', { ...manifest, accounts: 'all' }],
  ['accounts that are none', { ...manifest, accounts: [null] }],
  [
    'an account that is none',
    { ...manifest, accounts: [{ did: '../x', handle: 'a', index: FILE }] },
  ],
  ['a file elsewhere', { ...manifest, objects: { directory: outside } }],
  ['another object', { ...manifest, objects: { __other: FILE } }],
  ['a root file elsewhere', { ...manifest, root: { [OUTSIDE]: FILE } }],
  ['a number that is none', { ...manifest, seq: '1' }],
  ['a size that is none', { ...manifest, secrets: { sha256: HASH, size: -1, digest: HASH } }],
])('a manifest that is %s is damaged', async (_, value) => {
  const { files, addManifest } = await open()
  await addManifest(value)
  const [found] = await manifestsOf(files)
  if (!found) throw new Error('it was not written')
  await expect(readManifest(files, found)).rejects.toThrow(DamagedFileError)
})

test.each([
  ['names a part elsewhere', { repository: { ...index.repository, parts: [outside] } }],
  ['names rows elsewhere', { rows: { ...outside, digest: HASH } }],
  ['names a blob elsewhere', { blobs: [{ cid: OUTSIDE, size: 1, type: 'text/plain' }] }],
  ['has no blobs', { blobs: undefined }],
  ['is of another account', { did: 'did:web:mallory.test' }],
])('an index that %s is damaged', async (_, changes) => {
  const { files, addObject } = await open()
  const entry = async (value: object) => ({
    did: DID,
    handle: 'alice.test',
    index: await addObject(value),
  })
  expect(await readIndex(files, await entry(index))).toEqual(index)
  const changed = await entry({ ...index, ...changes })
  await expect(readIndex(files, changed)).rejects.toThrow(DamagedFileError)
})

test('what is sound is read, and a newer format is told from what is damaged', () => {
  expect(parseJson('manifest', JSON.stringify(manifest), 'x')).toEqual(manifest)
  expect(() => parseJson('config', '{"format":2}', 'x')).toThrow('update Cumulus')
  expect(() => parseJson('config', '{"format":1,"host":1}', 'x')).toThrow(DamagedFileError)
  const mark = { startedAt: AT, machine: 'm', pid: -1, accounts: [] }
  expect(() => parseJson('mark', JSON.stringify(mark), 'x')).toThrow(DamagedFileError)
})

test('what unpacks to too much, or was never packed, is damaged', () => {
  const bomb = gzipSync(Buffer.alloc(1_000_000))
  expect(unpack(bomb, 'x', 1_000_000)).toHaveLength(1_000_000)
  expect(() => unpack(bomb, 'x', 999_999)).toThrow(DamagedFileError)
  expect(() => unpack(Buffer.from('plain'), 'x')).toThrow(DamagedFileError)
})

test('a file that is larger than what is read at once ends the reading', async () => {
  const { files } = await open()
  const stored = await files.addObject([Buffer.alloc(100_000)])
  const read = async (limit: number) => {
    for await (const _ of files.readObject(stored, limit));
  }
  await read(100_000)
  await expect(read(99_999)).rejects.toThrow(DamagedFileError)
})

test('secrets are settings that are secrets, each in one line', () => {
  const secrets = { PDS_KEY_SECRET: 'a key', PATH: '/tmp', PDS_HOSTNAME: 'evil.test' }
  expect(parseHostSecrets(JSON.stringify(secrets), 'x')).toEqual({ PDS_KEY_SECRET: 'a key' })
  for (const wrong of ['[]', 'null', '{"PDS_KEY_SECRET":1}', '{"PDS_KEY_SECRET":"a\\nPATH=b"}']) {
    expect(() => parseHostSecrets(wrong, 'x')).toThrow(DamagedFileError)
  }
})

test('only files of a backup are removed from it, and none that a link leads to', async () => {
  const { root, files, store } = await open()
  const elsewhere = mkdtempSync(join(tmpdir(), 'cumulus-'))
  mkdirSync(join(elsewhere, 'aa'))
  writeFileSync(join(elsewhere, 'letter.txt'), 'dear')
  writeFileSync(join(elsewhere, 'aa', 'letter.txt'), 'dear')
  symlinkSync(elsewhere, join(root, FOLDERS.blobs))
  const unneeded = await files.addObject([Buffer.from('unneeded')])
  mkdirSync(join(root, FOLDERS.objects, 'notes'), { recursive: true })
  writeFileSync(join(root, FOLDERS.objects, 'notes', 'mine.txt'), 'mine')
  const retention = { daily: 1, weekly: 0, monthly: 0 }
  expect(await prune(files, [], retention)).toEqual({ runs: 0, files: 1 })
  expect([...(await store.list(FOLDERS.objects)).keys()]).toEqual(['objects/notes/mine.txt'])
  expect(readdirSync(elsewhere).sort()).toEqual(['aa', 'letter.txt'])
  expect(readdirSync(join(elsewhere, 'aa'))).toEqual(['letter.txt'])
  expect(unneeded.size).toBe(8)
})

test('the files of another backup, which a link leads to, stay', async () => {
  const [one, other] = [await open(), await open()]
  await other.files.addObject([Buffer.from('of the other')])
  symlinkSync(join(other.root, FOLDERS.objects), join(one.root, FOLDERS.objects))
  const retention = { daily: 1, weekly: 0, monthly: 0 }
  expect(await prune(one.files, [], retention)).toEqual({ runs: 0, files: 0 })
  expect((await other.store.list(FOLDERS.objects)).size).toBe(1)
})

test('files that nobody has signed are read up to a size, and marks of tomorrow are not believed for ever', async () => {
  const { root, files, store } = await open()
  writeFileSync(join(root, 'cumulus-backup.json'), ' '.repeat(2 * 1024 * 1024))
  await expect(readConfig(store)).rejects.toThrow(DamagedFileError)
  const mark = { startedAt: '2999-01-01T00:00:00Z', machine: 'another', pid: 1, accounts: [] }
  mkdirSync(join(root, FOLDERS.running))
  writeFileSync(join(root, FOLDERS.running, 'x.json'), JSON.stringify(mark))
  const own = await RunningMark.begin(files, AT, 'own')
  await own.end()
  expect(await own.other()).toBeUndefined()
  expect((await store.list(FOLDERS.running)).size).toBe(0)
})

test('rows go to no other host than the one that is named', async () => {
  const asked: string[] = []
  const host = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.writeHead(307, { location: '/stolen' }).end()
  })
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve))
  const client = new HostClient(`http://127.0.0.1:${(host.address() as AddressInfo).port}`, 'x')
  const sending = client.send('restore/rows', {}, new Uint8Array([1]))
  await expect(sending).rejects.toThrow('leads to /stolen')
  expect(asked).toEqual(['/operator/restore/rows'])
  host.close()
})
