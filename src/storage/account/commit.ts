/** Builds signed commits (repository specification, Commit Objects). */
import { TID } from '@atproto/common-web'
import { decodeCid } from '@atproto/lex-data'
import { type CidBytes, cidOf } from '../../kernel/cbor/cid.ts'
import { encode } from '../../kernel/cbor/encode.ts'
import type { SigningKey } from '../../kernel/crypto/signing-key.ts'
import { type CarBlock, carFile } from '../car.ts'
import { encodeNode } from '../mst/codec.ts'
import type { Node } from '../mst/node.ts'
import { type ChangeKind, collectProof } from '../mst/proof.ts'
import type { SealedChanges, Tree } from '../mst/tree.ts'

export interface Commit {
  cid: CidBytes
  rev: string
  /** CID of the tree's root. */
  data: CidBytes
  /** The commit object, DAG-CBOR. */
  block: Uint8Array
}

/** The rev of the next commit: a TID later than the one before. */
export const nextRev = (after: string | undefined): string => TID.nextStr(after)

/** Signs a commit of the tree with root `data`. */
export function signCommit(did: string, key: SigningKey, data: CidBytes, rev: string): Commit {
  const unsigned = { did, version: 3, rev, prev: null, data: decodeCid(data) }
  const block = encode({ ...unsigned, sig: key.signSync(encode(unsigned)) })
  return { cid: cidOf(block), rev, data, block }
}

/** What happened to one path, as a proof needs to know it. */
export interface ProvenChange {
  path: string
  kind: ChangeKind
  /** The new record, unless it was deleted. */
  record: CarBlock | undefined
}

/**
 * The CAR file of a commit event: commit, every node that is new, what else it takes to undo the
 * changes, and the new records (sync specification, inductive firehose).
 */
export function commitCar(
  commit: Commit,
  tree: Tree,
  { written }: SealedChanges,
  changes: readonly ProvenChange[],
): Uint8Array {
  const nodes = new Set<Node>(written.keys())
  for (const { path, kind } of changes) collectProof(tree, path, kind, nodes)
  const blocks: CarBlock[] = [[commit.cid, commit.block]]
  for (const node of nodes) {
    if (node.cid) blocks.push([node.cid, written.get(node) ?? encodeNode(node)])
  }
  for (const { record } of changes) if (record) blocks.push(record)
  return carFile(commit.cid, blocks)
}
