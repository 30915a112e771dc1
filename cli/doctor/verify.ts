/** Verifies events of the firehose as relays do (atproto sync specification, "Commit Validation"). */

import { decode } from '@atproto/lex-cbor'
import type { Cid } from '@atproto/lex-data'
import {
  def,
  MemoryBlockstore,
  MST,
  parseDataKey,
  readCarWithRoot,
  verifyCommitSig,
  verifyProofs,
} from '@atproto/repo'
import { messageOf } from './answers.ts'
import { Skipped } from './finding.ts'
import type { FirehoseEvent } from './firehose.ts'

/** Keys that an account has or had, the newest first; undefined: its identity has ended, or leads elsewhere. */
export type KeysOf = (did: string) => Promise<readonly string[] | undefined>

export interface Verdict {
  /** Events that were verified; of accounts that are here no more nothing can be. */
  verified: number
  skipped: number
  problems: { seq: number; did: string; what: string }[]
}

interface Commit {
  repo: string
  rev: string
  since: string | null
  blocks: Uint8Array
  commit: Cid
  prevData?: Cid | null
  ops: { action: 'create' | 'update' | 'delete'; path: string; cid: Cid | null; prev?: Cid }[]
}

/** Where a repository was after its last event. */
interface Place {
  rev: string
  data: string | undefined
}

/** @throws Skipped where keys cannot be looked up */
export async function verifyEvents(
  events: readonly FirehoseEvent[],
  keysOf: KeysOf,
): Promise<Verdict> {
  const verdict: Verdict = { verified: 0, skipped: 0, problems: [] }
  const places = new Map<string, Place>()
  for (const { type, body } of events) {
    const did = String(body.repo ?? body.did)
    try {
      const keys = await keysOf(did)
      if (!keys) verdict.skipped++
      else {
        const place = await verifyEvent(type, body, keys, places.get(did))
        if (place) places.set(did, place)
        verdict.verified++
      }
    } catch (error) {
      if (error instanceof Skipped) throw error
      verdict.problems.push({ seq: Number(body.seq), did, what: messageOf(error) })
      places.delete(did)
    }
  }
  return verdict
}

/** @returns where the repository is after it @throws Error that says what is wrong */
async function verifyEvent(
  type: string,
  body: Record<string, unknown>,
  keys: readonly string[],
  place: Place | undefined,
): Promise<Place | undefined> {
  if (type === '#commit') return verifyCommit(body as unknown as Commit, keys, place)
  if (type !== '#sync') return undefined
  const { did, rev, blocks } = body as { did: string; rev: string; blocks: Uint8Array }
  const { commit } = await readCommit(blocks)
  if (commit.did !== did) throw new Error('the commit is of another account')
  if (commit.rev !== rev) throw new Error('the commit has another rev than the event')
  await assertSigned(commit, keys)
  return { rev, data: commit.data.toString() }
}

async function verifyCommit(
  event: Commit,
  keys: readonly string[],
  place: Place | undefined,
): Promise<Place> {
  const { repo, rev, since, blocks: bytes, ops, prevData } = event
  const { commit, root, blocks } = await readCommit(bytes)
  if (!root.equals(event.commit)) throw new Error('its blocks are of another commit')
  if (commit.did !== repo) throw new Error('the commit is of another account')
  if (commit.rev !== rev) throw new Error('the commit has another rev than the event')
  const key = await assertSigned(commit, keys)
  const claims = ops.map(({ action, path, cid }) => ({
    ...parseDataKey(path),
    cid: action === 'delete' ? null : cid,
  }))
  const { unverified } = await verifyProofs(bytes, claims, repo, key)
  const [wrong] = unverified
  if (wrong) throw new Error(`its blocks do not prove ${wrong.collection}/${wrong.rkey}`)
  const missing = ops.find(({ cid }) => cid && !blocks.has(cid))
  if (missing) throw new Error(`the record ${missing.path} is not in its blocks`)
  if (place && since !== place.rev) {
    throw new Error(`it follows ${since}, but the event before was ${place.rev}`)
  }
  if (place && rev <= place.rev) throw new Error('its rev is not newer than that before')
  if (prevData) {
    const before = await undo(MST.load(new MemoryBlockstore(blocks), commit.data), ops)
    if (before !== prevData.toString()) {
      throw new Error('undone, its writes do not lead to the repository that it names as before')
    }
    if (place?.data && before !== place.data) {
      throw new Error('what it names as before is not what the event before led to')
    }
  }
  return { rev, data: commit.data.toString() }
}

/** The root of the tree before these writes. */
async function undo(tree: MST, ops: Commit['ops']): Promise<string> {
  let before = tree
  for (const { action, path, prev } of [...ops].reverse()) {
    if (action === 'create') before = await before.delete(path)
    else if (!prev) throw new Error(`it does not say what ${path} was before`)
    else before = await (action === 'delete' ? before.add(path, prev) : before.update(path, prev))
  }
  return (await before.getPointer()).toString()
}

async function readCommit(bytes: Uint8Array) {
  const { root, blocks } = await readCarWithRoot(bytes)
  const commit = def.commit.schema.parse(decode(blocks.get(root) ?? new Uint8Array()))
  return { root, blocks, commit }
}

/** @returns the key that has signed it */
async function assertSigned(
  commit: Awaited<ReturnType<typeof readCommit>>['commit'],
  keys: readonly string[],
): Promise<string> {
  for (const key of keys) if (await verifyCommitSig(commit, key)) return key
  throw new Error('its signature is not by the key in the DID document, nor by an earlier one')
}
