/** Applies a function to the records that a lexicon would refuse, in the name of accounts that have allowed it. */
import { RefusedError } from '../../src/services/backup/errors.ts'
import { HostClient } from '../backup/host-client.ts'
import type { Judge } from './judge.ts'
import { type FoundRecord, pagesOf } from './records.ts'
import type { RepairState } from './repair-state.ts'

/** How often a record is looked at anew that changes while it is being repaired. */
const ATTEMPTS = 3

/** What repairs a record; `record` is JSON as hosts answer it. Undefined: it is to stay as it is. */
export type Repair = (
  record: Record<string, unknown>,
  about: { uri: string; cid: string; reason: string },
) => unknown

/**
 * What became of a record that fails. `repaired`: it was written, or would be. `left`: the function wants nothing
 * done. `failing`: what the function made of it fails, too, or it threw. `refused`: the host did not take it.
 * `changing`: somebody writes it again and again.
 */
export interface Outcome {
  outcome: 'repaired' | 'left' | 'failing' | 'refused' | 'changing'
  uri: string
  /** Why it failed, or fails still. */
  reason: string
  before?: unknown
  after?: unknown
}

export interface RepairOptions {
  host: HostClient
  collection: string
  judge: Judge
  repair: Repair
  onRecord(outcome: Outcome): void
  /** Told after each page: so many records were looked at. */
  onPage(records: number): void
}

/** Where records are written; undefined: nowhere, it is only said what would be done. */
export interface Writer {
  /** Replaces a record that still has this CID. @throws RefusedError `InvalidSwap` where it has another */
  put(rkey: string, record: unknown, cid: string): Promise<void>
}

/** Repairs the records of one account, from where an earlier run was. @throws RefusedError, CommandError */
export async function repairAccount(
  did: string,
  writer: Writer | undefined,
  state: RepairState | undefined,
  options: RepairOptions,
): Promise<void> {
  const { host, collection, onPage } = options
  const before = state?.of(did) ?? {}
  if (before.isDone) return
  for await (const page of pagesOf(host, did, collection, before.after)) {
    for (const record of page) await repairRecord(record, did, writer, options)
    onPage(page.length)
    state?.note(did, { after: page.at(-1)?.rkey ?? '' })
  }
  state?.note(did, { isDone: true })
}

async function repairRecord(
  found: FoundRecord,
  did: string,
  writer: Writer | undefined,
  options: RepairOptions,
): Promise<void> {
  let record: FoundRecord | undefined = found
  for (let attempt = 1; record; attempt++) {
    const outcome = await attemptAt(record, writer, options)
    if (outcome?.outcome !== 'changing' || attempt === ATTEMPTS) {
      if (outcome) options.onRecord(outcome)
      return
    }
    record = await readAgain(options, did, record)
  }
}

/** @returns undefined where there is nothing to repair */
async function attemptAt(
  { rkey, uri, cid, value }: FoundRecord,
  writer: Writer | undefined,
  { judge, repair }: RepairOptions,
): Promise<Outcome | undefined> {
  const reason = judge(rkey, value)
  if (reason === undefined) return undefined
  let after: unknown
  try {
    const record = structuredClone(value) as Record<string, unknown>
    after = await repair(record, { uri, cid, reason })
  } catch (error) {
    return { outcome: 'failing', uri, reason: `the function threw: ${(error as Error).message}` }
  }
  if (after === undefined || after === null) return { outcome: 'left', uri, reason }
  const still = judge(rkey, after)
  if (still !== undefined) return { outcome: 'failing', uri, reason: `still: ${still}` }
  try {
    await writer?.put(rkey, after, cid)
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    if (error.reason === 'InvalidSwap') return { outcome: 'changing', uri, reason: error.message }
    if (!isOfRecord(error)) throw error
    return { outcome: 'refused', uri, reason: error.message }
  }
  return { outcome: 'repaired', uri, reason, before: value, after }
}

/** Whether a refusal is of this record, and not of everything that the account does. */
const isOfRecord = ({ status, reason }: RefusedError): boolean =>
  status === 400 && reason === 'InvalidRequest'

/** The record as it is now; undefined: it is gone. */
async function readAgain(
  { host, collection }: RepairOptions,
  did: string,
  { rkey }: FoundRecord,
): Promise<FoundRecord | undefined> {
  try {
    const params = { repo: did, collection, rkey }
    const now = await host.queryJson<FoundRecord>('com.atproto.repo.getRecord', params)
    return { ...now, rkey }
  } catch (error) {
    if (error instanceof RefusedError && error.reason === 'RecordNotFound') return undefined
    throw error
  }
}

/** Runs `work` with what writes as an account, and signs out again. @throws RefusedError, CommandError */
export async function writingAs(
  origin: string,
  did: string,
  password: string,
  collection: string,
  work: (writer: Writer) => Promise<void>,
): Promise<void> {
  const signIn = () =>
    new HostClient(origin).procedure<{ accessJwt: string; refreshJwt: string }>(
      'com.atproto.server.createSession',
      { identifier: did, password },
    )
  let session = await signIn()
  const put = (rkey: string, record: unknown, cid: string) =>
    new HostClient(origin, `Bearer ${session.accessJwt}`).procedure('com.atproto.repo.putRecord', {
      ...{ repo: did, collection, rkey },
      ...{ record, swapRecord: cid },
    })
  try {
    await work({
      async put(rkey, record, cid) {
        try {
          await put(rkey, record, cid)
        } catch (error) {
          // Access tokens end after two hours.
          if (!(error instanceof RefusedError && error.reason === 'ExpiredToken')) throw error
          session = await signIn()
          await put(rkey, record, cid)
        }
      },
    })
  } finally {
    await fetch(`${origin}/xrpc/com.atproto.server.deleteSession`, {
      method: 'POST',
      headers: { authorization: `Bearer ${session.refreshJwt}` },
    }).catch(() => {})
  }
}
