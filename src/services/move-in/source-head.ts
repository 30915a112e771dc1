/** What the old host's repository is just now. */
import { dataOfCommit } from './commit-data.ts'
import { SourceError } from './source.ts'
import type { SourceSession } from './source-session.ts'

/** An answer with one commit in it, bytes. */
const MAX_COMMIT = 64 * 1024

/** CID of the last commit. @throws SourceError */
export async function headAt(old: SourceSession, did: string): Promise<string> {
  const { cid } = await old.ask('com.atproto.sync.getLatestCommit', { params: { did } })
  if (typeof cid !== 'string') throw new SourceError('The old host names no commit')
  return cid
}

/** CID of the tree, which stands for the path and CID of each record. @throws SourceError */
export async function dataAt(old: SourceSession, did: string): Promise<string> {
  const cid = await headAt(old, did)
  const asked = { did, cids: [cid] }
  const car = await old.askForBytes('com.atproto.sync.getBlocks', asked, MAX_COMMIT)
  const data = dataOfCommit(car, cid)
  if (data === undefined) throw new SourceError('The old host does not give its own commit')
  return data
}
