/** Bringing lexicons of the network into the tree. */
import { isValidNsid } from '@atproto/syntax'
import { LEXICONS, lexiconPath } from '../../codegen/layout.ts'
import { byCodeUnits } from '../../codegen/tree.ts'
import { writeBelow } from '../../codegen/write.ts'
import { type PublishedLexicon, parseRecord } from '../../src/services/lexicons/document.ts'
import { referencesIn } from '../../src/services/lexicons/references.ts'
import { CommandError } from '../terminal/errors.ts'
import { fileState, type Lock, readLexicon, readLock, writeLock } from './lock.ts'
import { fileText } from './written.ts'

/** More than any namespace has; a lexicon that refers to more wants to fill the disk. */
const MAX_LEXICONS = 500

/** What became of one lexicon. `kept`: the file is not what was published, and stays as it is. */
export interface Pulled {
  nsid: string
  change: 'added' | 'changed' | 'kept'
  note: string
}

export interface PullOptions {
  /** Asks for newer versions of what is here already. */
  update: boolean
  /** Replaces files that were written or changed here. */
  force: boolean
  /** @throws LexiconError */
  resolve(nsid: string): Promise<PublishedLexicon>
}

/**
 * Brings lexicons, and whatever they refer to that is not there, into `lexicons/` and notes their versions in the
 * lock. Without names: everything in the lock. Nothing is written unless all of it could be resolved.
 *
 * @throws LexiconError when one cannot be; CommandError
 */
export async function pull(
  root: string,
  nsids: readonly string[],
  options: PullOptions,
): Promise<Pulled[]> {
  const lock = readLock(root)
  const named = new Set(nsids.length > 0 ? nsids : lock.keys())
  const fetched = new Map<string, PublishedLexicon>()
  const pulled: Pulled[] = []
  const queue = [...named]
  const seen = new Set(queue)
  for (let nsid = queue.shift(); nsid !== undefined; nsid = queue.shift()) {
    const plan = planFor(root, nsid, lock, named.has(nsid), options)
    if (plan.note !== undefined) pulled.push({ nsid, change: 'kept', note: plan.note })
    if (plan.fetch) fetched.set(nsid, await fetchInto(pulled, root, nsid, lock, plan, options))
    const published = fetched.get(nsid)
    if (!published && plan.isForeign) continue
    const lexicon = published ? parseRecord(published) : readLexicon(root, nsid)
    for (const reference of referencesIn(lexicon, nsid)) {
      if (seen.has(reference.nsid) || !isValidNsid(reference.nsid)) continue
      seen.add(reference.nsid)
      queue.push(reference.nsid)
    }
    if (seen.size > MAX_LEXICONS) throw new CommandError(`more than ${MAX_LEXICONS} lexicons`)
  }
  for (const [nsid, published] of fetched) {
    const isHere = pulled.every((one) => one.nsid !== nsid)
    if (!isHere) writeBelow(root, LEXICONS, lexiconPath(nsid), fileText(parseRecord(published)))
    lock.set(nsid, { did: published.did, cid: published.cid })
  }
  writeLock(root, lock)
  return pulled.sort((a, b) => byCodeUnits(a.nsid, b.nsid))
}

interface Plan {
  fetch: boolean
  /** Why the file stays, where somebody might expect it to change. */
  note?: string
  /** The file is somebody's own: what it refers to is their concern. */
  isForeign: boolean
  /** The version that it must be. */
  cid?: string
}

function planFor(
  root: string,
  nsid: string,
  lock: Lock,
  isNamed: boolean,
  { update, force }: PullOptions,
): Plan {
  switch (fileState(root, nsid, lock)) {
    case 'none':
      return { fetch: true, isForeign: false }
    case 'lost':
      return { fetch: true, isForeign: false, cid: update ? undefined : lock.get(nsid)?.cid }
    case 'locked':
      return { fetch: update, isForeign: false }
    case 'edited':
      if (isNamed && force) return { fetch: true, isForeign: false }
      return { fetch: false, note: 'was edited here; --force replaces it', isForeign: true }
    case 'own':
      if (!isNamed) return { fetch: false, isForeign: true }
      if (force) return { fetch: true, isForeign: false }
      return {
        fetch: false,
        note: 'did not come from the network; --force replaces it',
        isForeign: true,
      }
  }
}

async function fetchInto(
  pulled: Pulled[],
  root: string,
  nsid: string,
  lock: Lock,
  { cid }: Plan,
  { resolve }: PullOptions,
): Promise<PublishedLexicon> {
  const published = await resolve(nsid)
  if (cid !== undefined && published.cid !== cid) {
    const message = `${nsid} is not published as it is in the lock any more; --update takes the new one`
    throw new CommandError(message)
  }
  const state = fileState(root, nsid, lock)
  if (state === 'locked' && lock.get(nsid)?.cid === published.cid) return published
  const change = state === 'none' || state === 'lost' ? 'added' : 'changed'
  pulled.push({ nsid, change, note: `from ${published.did}` })
  return published
}
