/** What the network is told of a commit. */
import { decodeCid } from '@atproto/lex-data'
import type { ChangeKind } from '../mst/proof.ts'
import type { SealedChanges, Tree } from '../mst/tree.ts'
import { type Commit, commitCar } from './commit.ts'
import { commitEvent, type RepoOp, type UnnumberedEvent } from './events.ts'
import type { Head } from './head.ts'
import type { PathChange } from './writes.ts'

/** A signed commit and what it changes. */
export interface NewCommit {
  did: string
  commit: Commit
  /** The tree after the changes. */
  tree: Tree
  sealed: SealedChanges
  changes: ReadonlyMap<string, PathChange>
  /** The head before; undefined: this is the first commit. */
  parent?: Head
}

/** The CAR file of its event. */
export const carOf = ({ commit, tree, sealed, changes }: NewCommit): Uint8Array =>
  commitCar(commit, tree, sealed, [...changes].map(toProvenChange))

/** Its event, given its CAR file. */
export const eventOf = (
  { did, commit, changes, parent }: Omit<NewCommit, 'tree' | 'sealed'>,
  car: Uint8Array,
): UnnumberedEvent =>
  commitEvent({
    repo: did,
    commit: decodeCid(commit.cid),
    rev: commit.rev,
    since: parent?.rev ?? null,
    blocks: car,
    ops: [...changes].map(toOp),
    ...(parent && { prevData: decodeCid(parent.data) }),
  })

const kindOf = ({ before, after }: PathChange): ChangeKind =>
  !after ? 'delete' : before ? 'update' : 'create'

const toProvenChange = ([path, change]: [string, PathChange]) => ({
  path,
  kind: kindOf(change),
  record: change.after && ([change.after.cid, change.after.block] as const),
})

function toOp([path, change]: [string, PathChange]): RepoOp {
  const { before, after } = change
  return {
    action: kindOf(change),
    path,
    cid: after ? decodeCid(after.cid) : null,
    ...(before && { prev: decodeCid(before) }),
  }
}
