/** `lexicons.lock.json`: which lexicons of the tree came from the network, and which version of each. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isValidNsid } from '@atproto/syntax'
import { lexiconPath } from '../../codegen/layout.ts'
import { byCodeUnits, readText } from '../../codegen/tree.ts'
import { CommandError } from '../terminal/errors.ts'
import { cidOfLexicon } from './written.ts'

export const LOCK = 'lexicons.lock.json'

/** One lexicon: who publishes it, and the CID of the record, which is one for the content of the file too. */
export interface Locked {
  did: string
  cid: string
}

export type Lock = Map<string, Locked>

/** @throws CommandError when the file is none */
export function readLock(root: string): Lock {
  const text = readText(join(root, LOCK))
  if (text === undefined) return new Map()
  const advice = `${LOCK} is not a lock file: restore it from version control`
  let lock: Lock
  try {
    const { lexicons } = JSON.parse(text) as { lexicons: Record<string, Locked> }
    lock = new Map(Object.entries(lexicons))
  } catch (cause) {
    throw new CommandError(advice, { cause })
  }
  for (const nsid of lock.keys()) if (!isValidNsid(nsid)) throw new CommandError(advice)
  return lock
}

/** Writes the lock if it differs from the file. */
export function writeLock(root: string, lock: Lock): void {
  const sorted = [...lock].sort(([a], [b]) => byCodeUnits(a, b))
  const text = `${JSON.stringify({ lexicons: Object.fromEntries(sorted) }, null, 2)}\n`
  const path = join(root, LOCK)
  if (lock.size === 0 && readText(path) === undefined) return
  if (readText(path) !== text) writeFileSync(path, text)
}

/**
 * How a file stands to the lock. `own`: it is there and did not come from the network. `edited`: it did, and was
 * changed since. `lost`: it did, and is not there any more.
 */
export type FileState = 'none' | 'own' | 'locked' | 'edited' | 'lost'

export function fileState(root: string, nsid: string, lock: Lock): FileState {
  const locked = lock.get(nsid)
  if (readText(join(root, lexiconPath(nsid))) === undefined) return locked ? 'lost' : 'none'
  if (!locked) return 'own'
  return cidOfFile(root, nsid) === locked.cid ? 'locked' : 'edited'
}

/** The lexicon in a file. @throws SyntaxError when it is not JSON */
export const readLexicon = (root: string, nsid: string): object =>
  JSON.parse(readFileSync(join(root, lexiconPath(nsid)), 'utf8'))

/** Undefined for a file that could not be published as it is. */
function cidOfFile(root: string, nsid: string): string | undefined {
  try {
    return cidOfLexicon(readLexicon(root, nsid))
  } catch {
    return undefined
  }
}
