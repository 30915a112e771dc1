/**
 * Turns a batch of changed paths into a new tree, a signed commit and the blocks that prove it
 * (atproto repository spec, MST and Commit Objects; sync spec, Commit Validation).
 */

import { TID } from '@atproto/common-web'
import type { Keypair } from '@atproto/crypto'
import { encode } from '@atproto/lex-cbor'
import { type Cid, cidForCbor, parseCid } from '@atproto/lex-data'
import { BlockMap, blocksToCarFile, DataDiff, MST, signCommit } from '@atproto/repo'
import type { NodeStore } from './blocks.ts'
import type { RepoOp } from './events.ts'

/** What happens to one path; null means "no record". */
export interface PathChange {
  path: string
  before: Cid | null
  after: { cid: Cid; block: Uint8Array } | null
}

/** A commit that is built and signed, but not stored. */
export interface BuiltCommit {
  cid: Cid
  rev: string
  data: Cid
  block: Uint8Array
  /** MST nodes that the new tree has and the old one had not. */
  newNodes: BlockMap
  /** CIDs of MST nodes that only the old tree has. */
  removedNodes: string[]
  ops: RepoOp[]
  /** CAR file for the firehose: commit first, then new blocks and proofs. */
  car: Uint8Array
}

/** The state a commit starts from; undefined for the first commit of a repository. */
export interface Parent {
  rev: string
  data: string
}

export async function buildCommit(
  nodes: NodeStore,
  did: string,
  keypair: Keypair,
  parent: Parent | undefined,
  changes: readonly PathChange[],
): Promise<BuiltCommit> {
  const oldTree = parent ? MST.load(nodes, parseCid(parent.data)) : await MST.create(nodes)
  let tree = oldTree
  for (const { path, before, after } of changes) {
    if (after) tree = before ? await tree.update(path, after.cid) : await tree.add(path, after.cid)
    else if (before) tree = await tree.delete(path)
  }

  const data = await tree.getPointer()
  const diff = await DataDiff.of(tree, parent ? oldTree : null)
  const rev = TID.nextStr(parent?.rev)
  const commit = await signCommit({ did, version: 3, rev, prev: null, data }, keypair)
  const block = encode(commit)
  const cid = await cidForCbor(block)

  const proof = new BlockMap([[cid, block]])
  proof.addMap(diff.newMstBlocks)
  for (const { path, after } of changes) {
    proof.addMap(await tree.getCoveringProof(path))
    if (after) proof.set(after.cid, after.block)
  }

  const records = new Set(changes.flatMap(({ before }) => (before ? [before.toString()] : [])))
  return {
    cid,
    rev,
    data,
    block,
    newNodes: diff.newMstBlocks,
    removedNodes: diff.removedCids
      .toList()
      .map(String)
      .filter((removed) => !records.has(removed)),
    ops: changes.map(toOp),
    car: await blocksToCarFile(cid, proof),
  }
}

function toOp({ path, before, after }: PathChange): RepoOp {
  if (!after) return { action: 'delete', path, cid: null, prev: before ?? undefined }
  return before
    ? { action: 'update', path, cid: after.cid, prev: before }
    : { action: 'create', path, cid: after.cid }
}
