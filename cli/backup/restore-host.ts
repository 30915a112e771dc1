/** Restores a whole host into an empty one, or one account into a host that lives. */

import { forEachOf } from '../../src/services/backup/at-once.ts'
import { type Dump, rowsOf } from '../../src/services/backup/dump.ts'
import type { ManifestAccount } from '../../src/services/backup/format.ts'
import { CommandError } from '../terminal/errors.ts'
import type { Progress } from '../terminal/progress.ts'
import { type HostClient, namesThere } from './host-client.ts'
import type { OpenBackup } from './open-backup.ts'
import { type RestoreTarget, sendAccount, sendApp } from './restore-account.ts'

const ACCOUNTS_AT_ONCE = 3

/** Bytes of rows in one request. */
const PIECE = 4 * 1024 * 1024

/** Events that the host may have had after the backup, at most: the next number is above what relays have seen. */
const SEQ_MARGIN = 1_000_000

/** Numbers above this are the time in µs at which they began. */
const TIME_NUMBERS = 1e12

export interface HostRestoreOptions {
  host: HostClient
  sessions: boolean
  /** Whether the network is told. */
  announce: boolean
  keySecrets: readonly string[]
  progress: Progress
}

/** @returns how many accounts were restored; 0: that was done before */
export async function restoreHost(
  backup: OpenBackup,
  { host, sessions, announce, keySecrets, progress }: HostRestoreOptions,
): Promise<number> {
  const { manifest, found } = backup
  const id = `${found.sha256}${sessions ? ' with sessions' : ''}`
  const seq = nextSeq(manifest.seq)
  const { applied, finished, keyFingerprints } = await host.command<{
    applied: boolean
    finished: boolean
    keyFingerprints: string[]
  }>('restore/host', { id, seq })
  if (finished) return 0
  // Two, where one was to take the place of the other when the backup was made, and does so now.
  if (!keyFingerprints.includes(manifest.host.keyFingerprint)) {
    throw new CommandError(
      'This host has another PDS_KEY_SECRET than the one of the backup. A whole host is restored with its secrets: ' +
        '`cumulus restore --secrets-to FILE` writes them.',
    )
  }
  const target: RestoreTarget = { host, id, sessions, overwrite: false, keySecrets }
  await forEachOf(manifest.accounts, ACCOUNTS_AT_ONCE, async (entry: ManifestAccount) => {
    await sendAccount(target, backup, await backup.index(entry))
    progress.advance(1, entry.handle)
  })
  if (!applied) {
    if (manifest.objects.app) await sendApp(host, (await backup.object('app')).text, {})
    await sendObject(host, 'oauth', id, await backup.object('oauth'), sessions)
    // Last: now there are accounts.
    await sendObject(host, 'directory', id, await backup.object('directory'), sessions)
  }
  const isListed = await listed(backup)
  await forEachOf(manifest.accounts, ACCOUNTS_AT_ONCE, async ({ did }: ManifestAccount) => {
    const state = await host.command<{ next: string }>('restore/account', { did, id })
    if (state.next === 'done') return
    await host.command('restore/open', { did, announce: announce && isListed(did) })
  })
  await host.command('restore/finish')
  return manifest.accounts.length
}

/** Which accounts the network has heard of. */
async function listed(backup: OpenBackup): Promise<(did: string) => boolean> {
  const sources = [...rowsOf(await backup.object('sequencer'), 'source')]
  const dids = new Set(sources.map(({ did }) => did))
  return (did) => dids.has(did)
}

async function sendObject(
  host: HostClient,
  object: string,
  id: string,
  dump: Dump,
  sessions: boolean,
): Promise<void> {
  const { size } = await host.command<{ size: number }>('restore/object', { object, id })
  const bytes = new TextEncoder().encode(dump.text)
  for (let offset = size; offset < bytes.byteLength; offset += PIECE) {
    const piece = bytes.slice(offset, offset + PIECE)
    await host.send('restore/object/stage', { object, offset: String(offset) }, piece)
  }
  await host.command('restore/object/apply', { object, sessions })
}

/** A number that no relay has seen of the host. */
function nextSeq(seq: number): number {
  const margin = seq + SEQ_MARGIN
  return seq > TIME_NUMBERS ? Math.max(margin, Date.now() * 1000) : margin
}

export interface AccountRestoreOptions extends Omit<HostRestoreOptions, 'announce'> {
  /** Whether an account that is there is replaced. */
  overwrite: boolean
}

/** @returns why the account is deactivated, if its identity is elsewhere */
export async function restoreOneAccount(
  backup: OpenBackup,
  entry: ManifestAccount,
  { host, sessions, keySecrets, overwrite, progress }: AccountRestoreOptions,
): Promise<{ did: string; handle: string; elsewhere: string | null }> {
  const index = await backup.index(entry)
  const { did } = entry
  const { rows } = index
  const id = `${backup.found.sha256} ${did}${sessions ? ' with sessions' : ''}`
  const dump = await backup.rows(index)
  const known = await namesThere(host, did)
  const { handle, email } = known ?? namesIn(dump, entry.handle)
  const names = { handle, email }
  const holder = known ? undefined : await namesThere(host, names.handle)
  if (holder && holder.did !== did) {
    throw new CommandError(
      `Another account of this host is called ${names.handle} now: give it another handle first.`,
    )
  }
  const target = { host, id, sessions, overwrite, keySecrets, names }
  progress.note(`${rows.size} bytes of rows, ${index.blobs.length} blobs`)
  const { isOpen } = await sendAccount(target, backup, index)
  if (isOpen) return { did, handle: names.handle, elsewhere: null }
  const { elsewhere } = await host.command<{ elsewhere?: string }>('restore/open', {
    did,
    announce: true,
    claim: names,
  })
  return { did, handle: names.handle, elsewhere: elsewhere ?? null }
}

function namesIn(dump: Dump, handle: string): { handle: string; email: string | null } {
  const [account] = rowsOf(dump, 'account')
  return { handle, email: typeof account?.email === 'string' ? account.email : null }
}
