/** Sends one account of a backup to a host, and goes on where that broke off. */

import { forEachOf } from '../../src/services/backup/at-once.ts'
import { changeDump, splitDump } from '../../src/services/backup/dump.ts'
import { type AccountIndex, type BlobEntry, blobName } from '../../src/services/backup/format.ts'
import { CommandError } from '../terminal/errors.ts'
import type { HostClient } from './host-client.ts'
import type { OpenBackup } from './open-backup.ts'
import { rekeyedRows, rowsToSend } from './rekey.ts'

/** Bytes of a repository in one request. */
const PIECE = 4 * 1024 * 1024

/** Bytes of rows that a host takes. */
const MAX_ROWS = 8 * 1024 * 1024

const BLOBS_AT_ONCE = 4

export interface RestoreTarget {
  host: HostClient
  /** Of the restore: the same one goes on with what another has begun. */
  id: string
  /** Whether sessions go on. */
  sessions: boolean
  /** Whether an account that is there is replaced. */
  overwrite: boolean
  /** What the keys in the backup are encrypted with, where it is known. */
  keySecrets: readonly string[]
  /** Names that the account has on the host, if not those of the backup. */
  names?: { handle: string; email: string | null }
}

/** As `RestoreState` in `src/contracts/backup.ts`. */
interface State {
  next: 'rows' | 'repository' | 'blobs' | 'announcement' | 'done'
  /** Bytes of the repository that are there. */
  staged: number
  keyFingerprint: string
}

/**
 * Does all but to open the account.
 *
 * @returns whether it was opened before
 * @throws CommandError, RefusedError, DamagedFileError
 */
export async function sendAccount(
  target: RestoreTarget,
  backup: OpenBackup,
  index: AccountIndex,
): Promise<{ isOpen: boolean }> {
  const { host, id, overwrite } = target
  const { did } = index
  const ask = () => host.command<State>('restore/account', { did, id, overwrite })
  let state = await ask()
  if (state.next === 'rows') {
    await sendRows(target, backup, index, state.keyFingerprint)
    state = await ask()
  }
  if (state.next === 'repository') {
    await sendRepository(host, backup, index, state.staged)
    state = await ask()
  }
  if (state.next === 'blobs') await sendBlobs(host, backup, index)
  return { isOpen: state.next === 'done' }
}

async function sendRows(
  { host, sessions, keySecrets, names }: RestoreTarget,
  backup: OpenBackup,
  index: AccountIndex,
  fingerprint: string,
): Promise<void> {
  const dump = await backup.rows(index)
  const isSame = fingerprint === backup.manifest.host.keyFingerprint
  if (!isSame && keySecrets.length === 0) {
    throw new CommandError(
      'This host has another PDS_KEY_SECRET than the one of the backup, whose secrets are not in it: name a file that ' +
        'has them with --secrets.',
    )
  }
  let rows =
    isSame && keySecrets.length < 2 ? rowsToSend(dump) : await rekeyedRows(dump, keySecrets)
  if (names) {
    rows = changeDump(rows, (table, row) => (table === 'account' ? { ...row, ...names } : row))
  }
  const { own, app } = splitDump(rows)
  // Before the others: begun anew, a restore sends both again.
  await sendApp(host, app, { did: index.did })
  const bytes = new TextEncoder().encode(own)
  if (bytes.byteLength > MAX_ROWS) {
    throw new CommandError(
      `The rows of ${index.handle} are ${bytes.byteLength} bytes, and a host takes ${MAX_ROWS}: try without --sessions.`,
    )
  }
  await host.send('restore/rows', { did: index.did, sessions: String(sessions) }, bytes)
}

/** Rows of the app's tables, those of an account or of the host; none at all where there are none. */
export async function sendApp(
  host: HostClient,
  dump: string,
  owner: { did?: string },
): Promise<void> {
  let lines: string[] = []
  let size = 0
  let first = true
  const flush = async () => {
    if (lines.length === 0) return
    const bytes = new TextEncoder().encode(lines.join('\n'))
    await host.send('restore/app', { ...owner, first: String(first) }, bytes)
    lines = []
    size = 0
    first = false
  }
  for (const line of dump.split('\n')) {
    if (line === '') continue
    if (size > 0 && size + line.length > PIECE) await flush()
    lines.push(line)
    size += line.length
  }
  await flush()
}

async function sendRepository(
  host: HostClient,
  backup: OpenBackup,
  index: AccountIndex,
  staged: number,
): Promise<void> {
  const { did, handle, repository } = index
  let offset = 0
  for await (const piece of inPieces(backup.car(index))) {
    const end = offset + piece.byteLength
    if (end > staged) {
      await host.send('restore/stage', { did, offset: String(offset) }, piece)
    }
    offset = end
  }
  const { head } = await host.command<{ head: string }>('restore/repository', { did })
  if (head !== repository.head) {
    throw new CommandError(
      `The repository of ${handle} is at ${head} after the restore, and should be at ${repository.head}.`,
    )
  }
}

async function sendBlobs(host: HostClient, backup: OpenBackup, index: AccountIndex): Promise<void> {
  const { did, blobs } = index
  const there = new Set<string>()
  for (let after = ''; ; ) {
    const page = await host.command<{ blobs: string[] }>('restore/blobs', { did, after })
    for (const cid of page.blobs) there.add(cid)
    const last = page.blobs.at(-1)
    if (last === undefined) break
    after = last
  }
  const wanted = blobs.filter(({ cid }) => !there.has(cid))
  await forEachOf(wanted, BLOBS_AT_ONCE, async ({ cid, type }: BlobEntry) => {
    const { files } = backup
    const kept = await files.keepBlob(blobName(cid), cid)
    await host.sendFile('restore/blob', { did, cid, type }, kept)
    await kept.discard()
  })
}

/** Chunks of the same size, but for the last. */
async function* inPieces(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let chunks: Uint8Array[] = []
  let size = 0
  for await (let chunk of source) {
    while (size + chunk.byteLength >= PIECE) {
      const part = chunk.subarray(0, PIECE - size)
      yield new Uint8Array(Buffer.concat([...chunks, part]))
      chunk = chunk.subarray(part.byteLength)
      chunks = []
      size = 0
    }
    chunks.push(chunk)
    size += chunk.byteLength
  }
  if (size > 0) yield new Uint8Array(Buffer.concat(chunks))
}
