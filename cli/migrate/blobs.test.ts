/** A new host that is hostile: what it says of blobs becomes names of files, and rounds of work. */
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BlobLost, type BlobSource, copyBlobs } from './blobs.ts'
import { MoveError } from './errors.ts'
import type { Move } from './move.ts'
import { MoveFolder, type MoveState } from './state.ts'

const CID = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'

function moveWhere(answer: (cursor: unknown) => object) {
  const home = mkdtempSync(join(tmpdir(), 'cumulus-'))
  const folder = new MoveFolder(join(home, 'state'))
  folder.make()
  const state = { lostBlobs: {} } as MoveState
  const move = {
    state,
    folder,
    options: { parallel: 1, allowMissingBlobs: true },
    report: { note() {}, progress() {}, step() {} },
    save() {},
    here: { name: 'the new host' },
    hereSession: { get: async (_: string, { cursor }: { cursor?: string }) => answer(cursor) },
  } as unknown as Move
  return { move, home }
}

const source = (fetched: string[]): BlobSource => ({
  async fetch(cid, path) {
    fetched.push(cid)
    writeFileSync(path, 'bytes of the old host')
    throw new Error('it came so far')
  },
})

test.each(['../../.bashrc', `${CID}/../../../.bashrc`, '', 'bafk', 7, null])(
  'a blob that is called %j is no file',
  async (cid) => {
    const recordUri = 'at://did:plc:a/com.example.file/one'
    const { move, home } = moveWhere(() => ({ blobs: [{ cid, recordUri }] }))
    const fetched: string[] = []
    await expect(copyBlobs(() => source(fetched)).run(move)).rejects.toThrow(MoveError)
    expect(fetched).toEqual([])
    expect(existsSync(join(home, '.bashrc'))).toBe(false)
  },
)

test('a list that does not end is ended', async () => {
  const blobs = [{ cid: CID, recordUri: 'at://did:plc:a/com.example.file/one' }]
  let asked = 0
  const { move } = moveWhere(() => {
    if (++asked > 50) throw new Error('asked without end')
    return { blobs, cursor: 'again' }
  })
  const lost: BlobSource = { fetch: () => Promise.reject(new BlobLost('it is gone')) }
  await expect(copyBlobs(() => lost).run(move)).rejects.toThrow(MoveError)
})

test('what is no list is an empty one', async () => {
  const { move } = moveWhere(() => ({ blobs: 'none' }))
  await copyBlobs(() => source([])).run(move)
  expect(move.state.lostBlobs).toEqual({})
})
