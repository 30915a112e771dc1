/** Publishing the lexicons of a namespace as records, and what that changes for others. */
import { compareTrees } from '../../codegen/diff/tree.ts'
import { lexiconPath } from '../../codegen/layout.ts'
import { type LexiconFile, lexiconFile } from '../../codegen/load.ts'
import { byCodeUnits } from '../../codegen/tree.ts'
import { SCHEMA_COLLECTION } from '../../src/services/lexicons/document.ts'
import type { PublishedRecord } from './account.ts'
import { asRecord, cidOfLexicon } from './written.ts'

const APPLY = 'com.atproto.repo.applyWrites'

/** What goes into one request: hosts take so many writes, and so many bytes. */
const MAX_WRITES = 100
const MAX_BYTES = 500_000

/** What is to become of one lexicon. `stale`: published, no longer in the tree, and not asked to be removed. */
export interface PlannedRecord {
  nsid: string
  change: 'added' | 'changed' | 'removed' | 'same' | 'stale'
  /** How the change breaks those who hold the published version. */
  breaking: string[]
  /** The lexicon, unless it is to be removed. */
  lexicon?: object
}

export const isIn = (nsid: string, namespace: string): boolean =>
  nsid === namespace || nsid.startsWith(`${namespace}.`)

/** Compares the tree with what is published. */
export function planPublication(
  files: readonly LexiconFile[],
  published: readonly PublishedRecord[],
  { namespace, prune }: { namespace: string; prune: boolean },
): PlannedRecord[] {
  const own = files.filter(({ nsid }) => isIn(nsid, namespace))
  const before = new Map(
    published.filter(({ nsid }) => isIn(nsid, namespace)).map((record) => [record.nsid, record]),
  )
  const breaking = breaksIn(own, [...before.values()])
  const plans = own.map(({ nsid, json }): PlannedRecord => {
    const lexicon = json as object
    const was = before.get(nsid)
    before.delete(nsid)
    const change = !was ? 'added' : was.cid === cidOfLexicon(lexicon) ? 'same' : 'changed'
    return { nsid, change, breaking: breaking.get(nsid) ?? [], lexicon }
  })
  for (const nsid of before.keys()) {
    plans.push({ nsid, change: prune ? 'removed' : 'stale', breaking: [] })
  }
  return plans.sort((a, b) => byCodeUnits(a.nsid, b.nsid))
}

/** What the checker of `codegen diff` objects to, by lexicon, where there are both versions. */
function breaksIn(
  files: readonly LexiconFile[],
  published: readonly PublishedRecord[],
): Map<string, string[]> {
  const old = published.map(({ nsid, value }) =>
    lexiconFile(lexiconPath(nsid), JSON.stringify(value)),
  )
  const found = new Map<string, string[]>()
  for (const { nsid, impact, at, message } of compareTrees(old, files)) {
    if (impact !== 'breaking' || !files.some((file) => file.nsid === nsid)) continue
    found.set(nsid, [...(found.get(nsid) ?? []), `${at.join('.')}: ${message}`])
  }
  return found
}

/** The requests that carry a plan out: as a rule one, so that it is one commit. */
export function batches(did: string, plans: readonly PlannedRecord[]): object[] {
  const requests: object[] = []
  let writes: object[] = []
  let bytes = 0
  for (const plan of plans) {
    const write = writeOf(plan)
    if (!write) continue
    const size = Buffer.byteLength(JSON.stringify(write))
    if (writes.length > 0 && (writes.length === MAX_WRITES || bytes + size > MAX_BYTES)) {
      requests.push({ repo: did, writes })
      writes = []
      bytes = 0
    }
    writes.push(write)
    bytes += size
  }
  if (writes.length > 0) requests.push({ repo: did, writes })
  return requests
}

function writeOf({ nsid: rkey, change, lexicon }: PlannedRecord): object | undefined {
  const at = { collection: SCHEMA_COLLECTION, rkey }
  switch (change) {
    case 'added':
      return { $type: `${APPLY}#create`, ...at, value: asRecord(lexicon ?? {}) }
    case 'changed':
      return { $type: `${APPLY}#update`, ...at, value: asRecord(lexicon ?? {}) }
    case 'removed':
      return { $type: `${APPLY}#delete`, ...at }
    default:
      return undefined
  }
}
