/** Reads repositories of a backup: one CAR file, or one and what came after it. */
import { cidString } from '../../kernel/cbor/cid.ts'
import { readCommit } from '../../storage/account/import-commit.ts'
import { carBlockLength, carHeader, writeCarBlock } from '../../storage/car.ts'
import { CarReader, MalformedCarError } from '../../storage/car-reader.ts'
import { StorageError } from '../../storage/error.ts'
import { MalformedTreeError } from '../../storage/mst/node.ts'
import { TreeWalk } from '../../storage/mst/walk.ts'

/** The bytes of a CAR file; called for each time that it is read. */
export type CarSource = () => AsyncIterable<Uint8Array>

/** A repository in a backup is not whole, or not what it says. */
export class RepositoryError extends Error {
  override name = 'RepositoryError'
}

export interface Repository {
  /** CID of the commit. */
  head: string
  rev: string
  /** CIDs by path, in order. */
  records: Map<string, string>
}

/** CIDs as keys of maps: their bytes, one in a character. */
const keyOf = (cid: Uint8Array): string => Buffer.from(cid).toString('latin1')

interface Loaded {
  commit: { cid: Uint8Array; block: Uint8Array }
  /** Blocks that look like tree nodes. */
  nodes: Map<string, Uint8Array>
  all: Set<string>
}

/**
 * Verifies a repository: each block against its CID, the commit's signature, and that the tree has all its nodes and
 * records. Holds the nodes in memory, about a third of the repository.
 *
 * @param parts the oldest first; the root of the last one is the commit
 * @param signingKey did:key; undefined: the signature is not looked at
 * @throws RepositoryError
 */
export async function readRepository(
  parts: readonly CarSource[],
  did: string,
  signingKey: string | undefined,
): Promise<Repository> {
  const records = new Map<string, string>()
  const { commit, rev } = await walkRepository(parts, did, signingKey, (path, cid) => {
    records.set(path, cidString(cid))
  })
  return { head: cidString(commit.cid), rev, records }
}

/** Verifies a repository in the same way, and counts its records. @throws RepositoryError */
export async function verifyRepository(
  parts: readonly CarSource[],
  did: string,
  signingKey: string | undefined,
): Promise<{ head: string; rev: string; records: number }> {
  let records = 0
  const { commit, rev } = await walkRepository(parts, did, signingKey, () => {
    records++
  })
  return { head: cidString(commit.cid), rev, records }
}

/** A repository in several parts as one CAR file: the commit, all nodes, then the records in the order of the parts. */
export async function* mergeRepository(
  parts: readonly CarSource[],
  did: string,
): AsyncGenerator<Uint8Array> {
  const wanted = new Set<string>()
  const nodes: [Uint8Array, Uint8Array][] = []
  const { commit } = await walkRepository(
    parts,
    did,
    undefined,
    (_, cid) => wanted.add(keyOf(cid)),
    (cid, block) => nodes.push([cid, block]),
  )
  yield carHeader(commit.cid)
  yield framed(commit.cid, commit.block)
  for (const [cid, block] of nodes) yield framed(cid, block)
  for (const part of parts) {
    for await (const { cid, block } of blocksOf(part)) {
      if (wanted.delete(keyOf(cid))) yield framed(cid, block)
    }
  }
}

async function walkRepository(
  parts: readonly CarSource[],
  did: string,
  signingKey: string | undefined,
  onRecord: (path: string, cid: Uint8Array) => void,
  onNode?: (cid: Uint8Array, block: Uint8Array) => void,
): Promise<{ commit: Loaded['commit']; rev: string }> {
  try {
    const { commit, nodes, all } = await load(parts)
    const { data, rev } = await readCommitOf(commit.block, did, signingKey)
    const walk = new TreeWalk(data, () => undefined)
    for (let next = walk.next; next; next = walk.next) {
      const key = keyOf(next.cid)
      if (next.key === undefined) {
        const block = nodes.get(key)
        if (!block) throw new RepositoryError(`the node ${cidString(next.cid)} is missing`)
        onNode?.(next.cid, block)
        walk.enter(block)
      } else {
        if (!all.has(key)) throw new RepositoryError(`the record at ${next.key} is missing`)
        onRecord(next.key, next.cid)
        walk.pass()
      }
    }
    return { commit, rev }
  } catch (error) {
    if (error instanceof MalformedCarError || error instanceof MalformedTreeError) {
      throw new RepositoryError(error.message, { cause: error })
    }
    throw error
  }
}

async function readCommitOf(block: Uint8Array, did: string, signingKey: string | undefined) {
  if (signingKey === undefined) return readUnverified(block, did)
  try {
    const { data, rev } = await readCommit(block, did, [signingKey])
    return { data, rev: String(rev) }
  } catch (error) {
    if (error instanceof StorageError) throw new RepositoryError(error.message)
    throw error
  }
}

async function readUnverified(block: Uint8Array, did: string) {
  const { decode } = await import('@atproto/lex-cbor')
  const commit = decode(block) as { did?: unknown; rev?: unknown; data?: { bytes?: Uint8Array } }
  if (commit.did !== did || !(commit.data?.bytes instanceof Uint8Array)) {
    throw new RepositoryError('the commit is not that of the account')
  }
  return { data: commit.data.bytes, rev: String(commit.rev) }
}

async function load(parts: readonly CarSource[]): Promise<Loaded> {
  const nodes = new Map<string, Uint8Array>()
  const all = new Set<string>()
  let commit: Loaded['commit'] | undefined
  for (const part of parts) {
    commit = undefined
    for await (const { cid, block, isRoot } of blocksOf(part)) {
      if (isRoot) commit = { cid: cid.slice(), block: block.slice() }
      const key = keyOf(cid)
      all.add(key)
      if (looksLikeNode(block)) nodes.set(key, block.slice())
    }
  }
  if (!commit) throw new RepositoryError('the commit is missing')
  return { commit, nodes, all }
}

/** Every block of a CAR file, in the order in which they are there. @throws MalformedCarError */
export async function* blocksOf(part: CarSource) {
  const reader = new CarReader()
  let rootKey: string | undefined
  for await (const bytes of part()) {
    for (const { cid, block } of reader.push(bytes)) {
      rootKey ??= reader.root && keyOf(reader.root)
      yield { cid, block, isRoot: keyOf(cid) === rootKey }
    }
  }
  reader.end()
}

/** A map of two, the first key of which is `e`: nodes of the tree, and next to no records (DAG-CBOR). */
const looksLikeNode = (block: Uint8Array): boolean =>
  block[0] === 0xa2 && block[1] === 0x61 && block[2] === 0x65

function framed(cid: Uint8Array, block: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(carBlockLength(block, cid.byteLength))
  writeCarBlock(bytes, 0, cid, block)
  return bytes
}
