/**
 * What is written at the old host between the comparison and its end. Once the account is switched off there, nothing
 * more can be: what it has then, and had not before, is written here.
 */
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { recordToJson } from '../../src/kernel/cbor/to-json.ts'
import { BlobLost, OldHostBlobs, uploadFile } from './blobs.ts'
import { MOST_OF_REPOSITORY, saveStream, verifyCar } from './car-file.ts'
import { RemoteError } from './errors.ts'
import { type Move, many, type Step } from './move.ts'
import { CAR, headAt, repositoryOf } from './repository.ts'

const LATE = 'late.car'

export const carryOver: Step = {
  name: 'late',
  title: 'Looking for what was written at the old host meanwhile',
  async run(move) {
    const { state, oldSession, report } = move
    const head = await headAt(oldSession, state.did).catch((error: unknown) => {
      if (!(error instanceof RemoteError) || error.isPassing) throw error
      return undefined
    })
    if (head === undefined) {
      report.note('The old host shows the repository no more, now that the account is off there')
      return
    }
    const { commit, rev } = repositoryOf(move)
    if (head.cid === commit) return
    const late = await changesSince(move)
    // Such as from a cache: what is not in it was not deleted.
    if (!(late.rev > rev)) {
      report.note('The old host shows an older state than the one that has come along: it is left')
      return
    }
    state.lostRecords = []
    for (const path of late.removed) await remove(move, path)
    for (const [path, block] of late.written) await write(move, path, block, late.blobsOf(path))
    const { size } = late.written
    report.note(
      `${many(size, 'record')} written and ${many(late.removed.length, 'record')} deleted at the last moment: the same was done here`,
    )
  },
}

async function changesSince({ old, oldSession, state, folder }: Move) {
  const { did } = state
  const keys = state.oldSigningKey ? [state.oldSigningKey] : []
  const before = new Map<string, string>()
  const known = await verifyCar(folder.file(CAR), 'the old host', {
    did,
    keys,
    onRecord: (path, cid) => void before.set(path, cid),
  })
  const path = folder.file(LATE)
  return old.again(async () => {
    const { bytes } = await oldSession.open('com.atproto.sync.getRepo', { params: { did } })
    await saveStream(bytes, path, { most: MOST_OF_REPOSITORY })
    const written = new Map<string, Uint8Array>()
    const left = new Set(before.keys())
    const { blobs, rev } = await verifyCar(path, 'the old host', {
      did,
      keys,
      onRecord(record, cid, block) {
        left.delete(record)
        if (before.get(record) !== cid && block) written.set(record, block)
      },
    })
    const isNew = (cid: string) => !known.blobs.has(cid)
    const blobsOf = (record: string) =>
      [...blobs].filter(([cid, use]) => use.path === record && isNew(cid)).map(([cid]) => cid)
    return { rev, written, removed: [...left], blobsOf }
  })
}

async function write(move: Move, path: string, block: Uint8Array, blobs: string[]) {
  const { state, hereSession, folder } = move
  const json = recordToJson(block)
  try {
    for (const cid of blobs) await copyBlob(move, cid)
    if (json === undefined) throw new BlobLost('it cannot be read')
    const record = JSON.parse(json) as object
    const body = { repo: state.did, ...namesOf(path), record, validate: false }
    await hereSession.post('com.atproto.repo.putRecord', body)
  } catch (error) {
    const isRefused = error instanceof RemoteError && !error.isPassing
    if (!(error instanceof BlobLost) && !isRefused) throw error
    state.lostRecords?.push(path)
    move.report.note(`${path} was written at the old host, and is not here: ${error.message}`)
  } finally {
    rmSync(folder.file('blobs'), { recursive: true, force: true })
  }
}

async function copyBlob(move: Move, cid: string): Promise<void> {
  const { folder } = move
  mkdirSync(folder.file('blobs'), { recursive: true, mode: 0o700 })
  const path = folder.file(`blobs/${cid}`)
  const { type } = await new OldHostBlobs(move).fetch(cid, path)
  await uploadFile(move, cid, path, type, statSync(path).size)
}

async function remove({ state, hereSession }: Move, path: string): Promise<void> {
  const body = { repo: state.did, ...namesOf(path) }
  await hereSession.post('com.atproto.repo.deleteRecord', body)
}

function namesOf(path: string): { collection: string; rkey: string } {
  const slash = path.indexOf('/')
  return { collection: path.slice(0, slash), rkey: path.slice(slash + 1) }
}
